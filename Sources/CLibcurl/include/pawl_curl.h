#ifndef PAWL_CURL_H
#define PAWL_CURL_H

#include <curl/curl.h>

// Swift cannot call variadic C functions. Each shim below is one typed form of curl_easy_setopt, curl_easy_getinfo or
// curl_multi_setopt; the option goes first to curl unchanged, and curl's own code comes back.

typedef size_t (*pawl_curl_data_callback)(char *bytes, size_t size, size_t count, void *context);

CURLcode pawl_curl_set_long(CURL *easy, CURLoption option, long value);
CURLcode pawl_curl_set_size(CURL *easy, CURLoption option, curl_off_t value);
CURLcode pawl_curl_set_text(CURL *easy, CURLoption option, const char *value);
CURLcode pawl_curl_set_bytes(CURL *easy, CURLoption option, const void *value);
CURLcode pawl_curl_set_list(CURL *easy, CURLoption option, struct curl_slist *value);
CURLcode pawl_curl_set_callback(CURL *easy, CURLoption function, pawl_curl_data_callback callback, CURLoption data,
                                void *context);
CURLcode pawl_curl_set_buffer(CURL *easy, CURLoption option, char *buffer);
CURLcode pawl_curl_set_context(CURL *easy, void *context);

// The context set with pawl_curl_set_context, or NULL.
void *pawl_curl_context(CURL *easy);

// The result of a CURLMSG_DONE message, whose field is an anonymous union.
CURLcode pawl_curl_result(const CURLMsg *message);

#endif

#include "pawl_curl.h"

CURLcode pawl_curl_set_long(CURL *easy, CURLoption option, long value) {
    return curl_easy_setopt(easy, option, value);
}

CURLcode pawl_curl_set_size(CURL *easy, CURLoption option, curl_off_t value) {
    return curl_easy_setopt(easy, option, value);
}

CURLcode pawl_curl_set_text(CURL *easy, CURLoption option, const char *value) {
    return curl_easy_setopt(easy, option, value);
}

CURLcode pawl_curl_set_bytes(CURL *easy, CURLoption option, const void *value) {
    return curl_easy_setopt(easy, option, value);
}

CURLcode pawl_curl_set_list(CURL *easy, CURLoption option, struct curl_slist *value) {
    return curl_easy_setopt(easy, option, value);
}

CURLcode pawl_curl_set_callback(CURL *easy, CURLoption function, pawl_curl_data_callback callback, CURLoption data,
                                void *context) {
    CURLcode code = curl_easy_setopt(easy, function, callback);
    return code == CURLE_OK ? curl_easy_setopt(easy, data, context) : code;
}

CURLcode pawl_curl_set_buffer(CURL *easy, CURLoption option, char *buffer) {
    return curl_easy_setopt(easy, option, buffer);
}

CURLcode pawl_curl_set_context(CURL *easy, void *context) {
    return curl_easy_setopt(easy, CURLOPT_PRIVATE, context);
}

void *pawl_curl_context(CURL *easy) {
    char *context = NULL;
    return curl_easy_getinfo(easy, CURLINFO_PRIVATE, &context) == CURLE_OK ? context : NULL;
}

CURLcode pawl_curl_result(const CURLMsg *message) {
    return message->data.result;
}

#ifndef PAWL_CMALLOC_H
#define PAWL_CMALLOC_H

#if defined(__linux__)
#include <malloc.h>
#endif

#endif

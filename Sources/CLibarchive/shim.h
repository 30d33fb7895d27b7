#ifndef PAWL_CLIBARCHIVE_H
#define PAWL_CLIBARCHIVE_H

#include <archive.h>
#include <archive_entry.h>

#endif

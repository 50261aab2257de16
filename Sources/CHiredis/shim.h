/* hiredis' reply reader. The archive is linked, not the shared object: its soname differs between Debian releases. */
#include <hiredis/read.h>

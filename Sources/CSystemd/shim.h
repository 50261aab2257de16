/* libsystemd's notification and journal. */
#include <systemd/sd-daemon.h>
#include <systemd/sd-journal.h>

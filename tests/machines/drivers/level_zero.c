/* A stand-in for libze_loader.so.1 that lists the devices of FAKE_ZE, vendor:ip in hexadecimal, one driver
 * for each group between semicolons. FAKE_ZE_DO=crash|hang|fail. OLD is a loader before 1.10. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct extension { uint32_t stype; void *next; uint32_t version; };
struct properties { uint32_t stype; void *next; uint32_t type, vendor, device; char rest[376]; };
struct description { uint32_t stype; const void *next; uint32_t flags; };

static int start(void) {
    const char *what = getenv("FAKE_ZE_DO");
    if (!what) return 0;
    if (!strcmp(what, "crash")) *(volatile int *)0 = 0;
    if (!strcmp(what, "hang")) for (;;) sleep(1);
    return 0x78000001;
}

static uint32_t count_until(const char *text, char separator, const char *ends) {
    uint32_t count = *text && !strchr(ends, *text) ? 1 : 0;
    for (; *text && !strchr(ends, *text); text++) count += *text == separator;
    return count;
}

static int fill(uint32_t *count, const void **room, const char *text, char separator, const char *ends) {
    if (!room) {
        *count = count_until(text, separator, ends);
        return 0;
    }
    for (uint32_t i = 0; i < *count; i++) {
        room[i] = text;
        text = strchr(text, separator);
        if (text) text++;
    }
    return 0;
}

#ifdef OLD
int zeInit(uint32_t flags) { return flags == 1 ? start() : 1; }
int zeDriverGet(uint32_t *count, const void **drivers) {
    return fill(count, drivers, getenv("FAKE_ZE"), ';', "");
}
#else
int zeInitDrivers(uint32_t *count, const void **drivers, const struct description *wanted) {
    if (wanted->stype != 0x20021 || wanted->flags != 1) return 1;
    int failed = start();
    return failed ? failed : fill(count, drivers, getenv("FAKE_ZE"), ';', "");
}
#endif

int zeDeviceGet(const void *driver, uint32_t *count, const void **devices) {
    return fill(count, devices, driver, ',', ";");
}

int zeDeviceGetProperties(const void *device, struct properties *properties) {
    struct extension *extension = properties->next;
    if (properties->stype != 0x3 || extension->stype != 0x1000f) return 1;
    return sscanf(device, "%x:%x", &properties->vendor, &extension->version) == 2 ? 0 : 1;
}

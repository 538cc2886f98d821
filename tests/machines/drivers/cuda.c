/* A stand-in for libcuda.so.1 that does what FAKE_CUDA says, as nvml.c does; the GPUs are in CUDA's order.
 * When CUDA_VISIBLE_DEVICES reaches it, it lists no GPU: we want to hear of all of them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *setting(const char *key) {
    static char found[256];
    const char *all = getenv("FAKE_CUDA");
    char pattern[64];
    snprintf(pattern, sizeof pattern, ";%s=", key);
    const char *at = all ? strstr(all, pattern) : NULL;
    if (!at) return NULL;
    at += strlen(pattern);
    size_t length = strcspn(at, ";");
    snprintf(found, sizeof found, "%.*s", (int)length, at);
    return found;
}

int cuInit(unsigned flags) {
    const char *what = setting("do");
    if (flags) return 1;
    if (what && !strcmp(what, "crash")) *(volatile int *)0 = 0;
    if (what && !strcmp(what, "hang")) for (;;) sleep(1);
    return setting("gpus") && !getenv("CUDA_VISIBLE_DEVICES") ? 0 : 100;
}

int cuDriverGetVersion(int *version) {
    if (!setting("driver")) return 1;
    *version = atoi(setting("driver"));
    return 0;
}

int cuDeviceGetCount(int *count) {
    const char *gpus = setting("gpus");
    *count = *gpus ? 1 : 0;
    for (; *gpus; gpus++) *count += *gpus == ',';
    return 0;
}

int cuDeviceGet(int *device, int index) {
    *device = index;
    return 0;
}

int cuDeviceGetAttribute(int *value, int attribute, int device) {
    const char *gpu = setting("gpus");
    int major, minor;
    for (; device; device--) gpu = strchr(gpu, ',') + 1;
    if (sscanf(gpu, "%d.%d", &major, &minor) != 2) return 1;
    *value = attribute == 75 ? major : attribute == 76 ? minor : -1;
    return 0;
}

int cuDeviceGetUuid(unsigned char *uuid, int device) {
    memset(uuid, 0, 16);
    uuid[0] = (unsigned char)(0xa0 + device);
    return 0;
}

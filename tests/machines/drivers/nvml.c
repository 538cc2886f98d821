/* A stand-in for libnvidia-ml.so.1 that does what FAKE_NVML says:
 *   driver=12080        what the driver version is; without it the query fails
 *   gpus=9.0,-,8.6      capabilities in PCI order; "-" fails; without it the count fails
 *   mig=1               GPU 0 has one MIG instance
 *   at=init|driver|count|capability|exit   with   do=crash|hang|print|fail
 * GPU n is called GPU-n000...; the MIG instance MIG-a000....  OLD leaves out the _v2 functions. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifdef OLD
#define V2(name) name
#else
#define V2(name) name##_v2
#endif

static const char *setting(const char *key) {
    static char found[256];
    const char *all = getenv("FAKE_NVML");
    char pattern[64];
    snprintf(pattern, sizeof pattern, ";%s=", key);
    const char *at = all ? strstr(all, pattern) : NULL;
    if (!at) return NULL;
    at += strlen(pattern);
    size_t length = strcspn(at, ";");
    snprintf(found, sizeof found, "%.*s", (int)length, at);
    return found;
}

static int fault(const char *where) {
    const char *at = setting("at");
    if (!at || strcmp(at, where)) return 0;
    const char *what = setting("do");
    if (!strcmp(what, "crash")) *(volatile int *)0 = 0;
    if (!strcmp(what, "hang")) for (;;) sleep(1);
    if (!strcmp(what, "print")) {
        printf("rewheel-probe without a colon, and no end of line");
        return 0;
    }
    return 1;
}

int V2(nvmlInit)(void) { return fault("init"); }
int nvmlShutdown(void) { return 0; }

__attribute__((destructor)) static void unload(void) { fault("exit"); }

int V2(nvmlSystemGetCudaDriverVersion)(int *version) {
    if (fault("driver") || !setting("driver")) return 3;
    *version = atoi(setting("driver"));
    return 0;
}

#ifndef OLD
int nvmlSystemGetCudaDriverVersion(int *version) { return nvmlSystemGetCudaDriverVersion_v2(version); }
#endif

int V2(nvmlDeviceGetCount)(unsigned *count) {
    const char *gpus = setting("gpus");
    if (fault("count") || !gpus) return 3;
    *count = *gpus ? 1 : 0;
    for (; *gpus; gpus++) *count += *gpus == ',';
    return 0;
}

int V2(nvmlDeviceGetHandleByIndex)(unsigned index, void **device) {
    *device = (void *)(size_t)(index + 1);
    return 0;
}

int nvmlDeviceGetCudaComputeCapability(void *device, int *major, int *minor) {
    if (fault("capability")) return 3;
    const char *gpu = setting("gpus");
    for (size_t skip = (size_t)device - 1; skip; skip--) gpu = strchr(gpu, ',') + 1;
    return sscanf(gpu, "%d.%d", major, minor) == 2 ? 0 : 3;
}

int nvmlDeviceGetUUID(void *device, char *text, unsigned length) {
    if ((size_t)device == 1000) snprintf(text, length, "MIG-a0000000-0000-0000-0000-000000000000");
    else snprintf(text, length, "GPU-%zu0000000-0000-0000-0000-000000000000", (size_t)device - 1);
    return 0;
}

int nvmlDeviceGetMaxMigDeviceCount(void *device, unsigned *count) {
    *count = (size_t)device == 1 && setting("mig") ? 2 : 0;
    return 0;
}

int nvmlDeviceGetMigDeviceHandleByIndex(void *device, unsigned index, void **instance) {
    (void)device;
    *instance = (void *)1000;
    return index == 0 ? 0 : 6;
}

/*
 * A Vulkan driver that compiles pipelines with another driver, and drops all work that is recorded or
 * submitted, so that a compiler runs for a card that is not in the machine. REAL_DRIVER names the library of
 * the other driver. See "Architecture of the Vulkan Loader Interfaces", Loader and Driver Interface.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vulkan/vulkan.h>

#define EXPORT __attribute__((visibility("default")))

static PFN_vkGetInstanceProcAddr realInstanceProc;
static PFN_vkGetDeviceProcAddr realDeviceProc;

/* Stands for functions that record or submit work. On x86-64 and ARM a callee may ignore its arguments. */
static VkResult succeed(void) { return VK_SUCCESS; }

/* Tells that all work up to any point is done. */
static VkResult semaphoreCounter(VkDevice device, VkSemaphore semaphore, uint64_t *value) {
  *value = (uint64_t)1 << 40;
  return VK_SUCCESS;
}

static const char *const DROPPED[] = {
    "vkBeginCommandBuffer", "vkEndCommandBuffer",  "vkResetCommandBuffer", "vkResetCommandPool",
    "vkQueueSubmit",        "vkQueueSubmit2",      "vkQueueSubmit2KHR",    "vkQueueBindSparse",
    "vkQueueWaitIdle",      "vkDeviceWaitIdle",    "vkWaitForFences",      "vkGetFenceStatus",
    "vkWaitSemaphores",     "vkWaitSemaphoresKHR",
};

static PFN_vkVoidFunction droppedProc(const char *name) {
  if (strncmp(name, "vkCmd", 5) == 0) return (PFN_vkVoidFunction)succeed;
  for (size_t i = 0; i < sizeof DROPPED / sizeof *DROPPED; i++)
    if (strcmp(name, DROPPED[i]) == 0) return (PFN_vkVoidFunction)succeed;
  if (strncmp(name, "vkGetSemaphoreCounterValue", 26) == 0) return (PFN_vkVoidFunction)semaphoreCounter;
  return NULL;
}

static PFN_vkVoidFunction VKAPI_CALL deviceProc(VkDevice device, const char *name) {
  if (strcmp(name, "vkGetDeviceProcAddr") == 0) return (PFN_vkVoidFunction)deviceProc;
  PFN_vkVoidFunction dropped = droppedProc(name);
  return dropped ? dropped : realDeviceProc(device, name);
}

/* Returns a function of the other driver's library. Ends the process where there is none. */
static void *realSymbol(const char *name) {
  static void *library;
  const char *path = getenv("REAL_DRIVER");
  if (!library && path) library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  void *symbol = library ? dlsym(library, name) : NULL;
  if (!symbol) {
    fprintf(stderr, "REAL_DRIVER is %s: %s\n", path ? path : "not set", path ? dlerror() : "no driver");
    exit(1);
  }
  return symbol;
}

EXPORT PFN_vkVoidFunction VKAPI_CALL vk_icdGetInstanceProcAddr(VkInstance instance, const char *name) {
  if (!realInstanceProc)
    realInstanceProc = (PFN_vkGetInstanceProcAddr)realSymbol("vk_icdGetInstanceProcAddr");
  PFN_vkVoidFunction dropped = droppedProc(name);
  if (dropped) return dropped;
  PFN_vkVoidFunction real = realInstanceProc(instance, name);
  if (!real || strcmp(name, "vkGetDeviceProcAddr") != 0) return real;
  realDeviceProc = (PFN_vkGetDeviceProcAddr)real;
  return (PFN_vkVoidFunction)deviceProc;
}

EXPORT PFN_vkVoidFunction VKAPI_CALL vk_icdGetPhysicalDeviceProcAddr(VkInstance instance, const char *name) {
  return ((PFN_vkGetInstanceProcAddr)realSymbol("vk_icdGetPhysicalDeviceProcAddr"))(instance, name);
}

EXPORT VkResult VKAPI_CALL vk_icdNegotiateLoaderICDInterfaceVersion(uint32_t *version) {
  VkResult (*negotiate)(uint32_t *) = realSymbol("vk_icdNegotiateLoaderICDInterfaceVersion");
  return negotiate(version);
}

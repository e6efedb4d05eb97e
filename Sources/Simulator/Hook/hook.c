#define _GNU_SOURCE
#include "CSimulatorHook.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

typedef __attribute__((swiftcall)) void (*original_t)(void *job);
typedef __attribute__((swiftcall)) void (*hook_t)(void *job, original_t original);

// From libswift_Concurrency (swift/Runtime/Concurrency.h).
extern hook_t swift_task_enqueueGlobal_hook;

static _Thread_local void *current_loop;
static drk_enqueue current_sink;
static hook_t earlier_hook;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static __attribute__((swiftcall)) void take(void *job, original_t original) {
  if (current_loop) {
    current_sink(current_loop, job);
  } else if (earlier_hook) {
    earlier_hook(job, original);
  } else {
    original(job);
  }
}

static void install(void) {
  earlier_hook = swift_task_enqueueGlobal_hook;
  swift_task_enqueueGlobal_hook = take;
}

void drk_hook_install(drk_enqueue sink) {
  current_sink = sink;
  pthread_once(&once, install);
}

void *drk_hook_enter(void *loop) {
  void *previous = current_loop;
  current_loop = loop;
  return previous;
}

void drk_hook_leave(void *previous) { current_loop = previous; }

void drk_die(const char *message) {
  fprintf(stderr, "simulator: %s\n", message);
  fflush(stderr);
  abort();
}

void *drk_allocate(size_t bytes) {
  const size_t huge = 2u << 20;
  void *memory = NULL;
  size_t alignment = bytes >= huge / 2 ? huge : 64;
  size_t rounded = (bytes + alignment - 1) / alignment * alignment;
  if (posix_memalign(&memory, alignment, rounded)) drk_die("out of memory");
  if (alignment == huge) madvise(memory, rounded, MADV_HUGEPAGE);
  return memory;
}

void drk_free(void *memory) { free(memory); }

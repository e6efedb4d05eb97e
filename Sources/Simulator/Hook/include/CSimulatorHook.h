#ifndef CSIMULATORHOOK_H
#define CSIMULATORHOOK_H

#include <stddef.h>
#include <stdint.h>

// The seam between the Swift concurrency runtime and a simulation loop.
//
// Jobs that a thread enqueues on the global executor while it runs a simulation go to that simulation's run
// queue; jobs of all other threads, and of this one outside a simulation, go where they always went.
// `swift_task_enqueueGlobal_hook` is not API: the escape matrix in Tests/SimulatorTests is what tells us if a
// toolchain changes it.

/// Takes a job (`swift::Job *`) for the simulation `loop`.
typedef void (*drk_enqueue)(void *loop, void *job);

/// Installs the hook, once per process; later calls do nothing. `sink` must be the same at each call.
void drk_hook_install(drk_enqueue sink);

/// From here on, this thread's global jobs go to `loop`. Returns what they went to before (NULL: the
/// runtime's own pool).
void *drk_hook_enter(void *loop);

/// Undoes `drk_hook_enter`; takes what that returned.
void drk_hook_leave(void *previous);

/// Writes the message to standard error and aborts. (A Swift trap loses its message in release builds.)
_Noreturn void drk_die(const char *message);

/// Memory for a table; large ones ask for huge pages. Dies if there is none. Free it with `drk_free`.
void *drk_allocate(size_t bytes);
void drk_free(void *memory);

/// A number that tells this thread from all others that are alive.
static inline uintptr_t drk_thread(void) { return (uintptr_t)__builtin_thread_pointer(); }

/// Asks the processor for the cache line at `address`; reads nothing.
static inline void drk_prefetch(const void *address) { __builtin_prefetch(address); }

#endif

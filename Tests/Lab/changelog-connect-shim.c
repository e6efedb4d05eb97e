/*
 * Keeps a brick from losing its geo-replication listener (for LD_PRELOAD into glusterd; bricks inherit it).
 *
 * The changelog translator's "clogecon" thread connects to a gsyncd worker and only then files that client
 * under "waiting". The connection callback, on another thread, moves it to "active". When the callback wins,
 * the thread files a connected client under "waiting" again, and that worker never hears of a new changelog:
 * its live crawl stalls, about every second start on a small machine. Delaying the callback makes it lose.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

typedef int (*notify_fn)(void *rpc, void *mine, int event, void *data);
typedef int (*register_fn)(void *rpc, notify_fn notify, void *mine);

enum { CLIENT_CONNECTED = 0, DELAY_MICROSECONDS = 200 * 1000 };

static notify_fn changelog_notify; /* one function of the translator, the same for every client */

static int late_notify(void *rpc, void *mine, int event, void *data)
{
    if (event == CLIENT_CONNECTED)
        usleep(DELAY_MICROSECONDS);
    return changelog_notify(rpc, mine, event, data);
}

int rpc_clnt_register_notify(void *rpc, notify_fn notify, void *mine)
{
    register_fn next = (register_fn)dlsym(RTLD_NEXT, "rpc_clnt_register_notify");
    char thread[16] = "";

    pthread_getname_np(pthread_self(), thread, sizeof thread);
    if (strstr(thread, "clogecon") != NULL) {
        changelog_notify = notify;
        notify = late_notify;
    }
    return next(rpc, notify, mine);
}

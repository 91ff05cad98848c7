/* Points in time on a clock that nobody sets. */
#ifndef DEADLINE_H
#define DEADLINE_H

#include <poll.h>
#include <stdbool.h>
#include <time.h>

/* Milliseconds since some moment before this process began. */
static inline long now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

/* Waits until a descriptor is ready. Returns false if it isn't before the deadline. */
static inline bool ready(int fd, short events, long deadline) {
    for (;;) {
        long left = deadline - now();
        struct pollfd wait = {fd, events, 0};
        int count = poll(&wait, 1, left < 0 ? 0 : (int)left);
        if (count > 0) {
            return true;
        }
        if (left <= 0) {
            return false;
        }
    }
}

static inline void pause_ms(long milliseconds) {
    nanosleep(&(struct timespec){milliseconds / 1000, milliseconds % 1000 * 1000000}, NULL);
}

#endif

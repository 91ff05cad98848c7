// Makes the same system calls as the Java benchmarks, and prints nanoseconds per operation in the best of 25 rounds.
// Needs CAP_SYS_ADMIN and CAP_NET_ADMIN.
//   compare switch|listen|fd      and see ../../../compare-c
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { WARM = 20000, ROUNDS = 25, COUNT = 10000 };

static int own, foreign, pair[2], passed;

static void check(long result, const char *what) {
    if (result < 0) {
        perror(what);
        exit(1);
    }
}

static void enter_and_leave(void) {
    check(setns(foreign, CLONE_NEWNET), "setns");
    check(setns(own, CLONE_NEWNET), "setns");
}

// does the same as ListenInNamespaceBenchmark
static void listen_in_namespace(void) {
    struct sockaddr_in6 any = {.sin6_family = AF_INET6};
    int off = 0, on = 1;
    check(setns(foreign, CLONE_NEWNET), "setns");
    int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    check(fd, "socket");
    check(setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off), "setsockopt");
    check(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on), "setsockopt");
    check(bind(fd, (struct sockaddr *) &any, sizeof any), "bind");
    check(listen(fd, 128), "listen");
    socklen_t length = sizeof any;
    check(getsockname(fd, (struct sockaddr *) &any, &length), "getsockname");
    check(setns(own, CLONE_NEWNET), "setns");
    close(fd);
}

// one byte and one descriptor through a SEQPACKET pair; the received descriptor is closed
static void pass_descriptor(void) {
    char byte = 1, control[CMSG_SPACE(sizeof(int))];
    struct iovec data = {&byte, 1};
    struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(header), &passed, sizeof(int));
    check(sendmsg(pair[0], &message, MSG_NOSIGNAL), "sendmsg");
    message.msg_controllen = sizeof control;
    check(recvmsg(pair[1], &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT), "recvmsg");
    int received;
    memcpy(&received, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(int));
    close(received);
}

static double nanos(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1e9 + now.tv_nsec;
}

static int ascending(const void *a, const void *b) {
    double difference = *(const double *) a - *(const double *) b;
    return (difference > 0) - (difference < 0);
}

int main(int count, char **arguments) {
    void (*operation)(void) = count < 2 ? NULL
            : !strcmp(arguments[1], "switch") ? enter_and_leave
            : !strcmp(arguments[1], "listen") ? listen_in_namespace
            : !strcmp(arguments[1], "fd") ? pass_descriptor : NULL;
    if (!operation) {
        fprintf(stderr, "usage: compare switch|listen|fd\n");
        return 2;
    }
    own = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
    check(own, "open");
    check(unshare(CLONE_NEWNET), "unshare");
    foreign = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
    check(foreign, "open");
    check(setns(own, CLONE_NEWNET), "setns");
    check(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), "socketpair");
    passed = open("/dev/null", O_RDONLY | O_CLOEXEC);
    for (int i = 0; i < WARM; i++) {
        operation();
    }
    double results[ROUNDS];
    for (int round = 0; round < ROUNDS; round++) {
        double start = nanos();
        for (int i = 0; i < COUNT; i++) {
            operation();
        }
        results[round] = (nanos() - start) / COUNT;
    }
    qsort(results, ROUNDS, sizeof results[0], ascending);
    printf("%.0f\n", results[0]);
}

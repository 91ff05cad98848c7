#include "agent.h"

#include "deadline.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* The agent receives messages up to this size. */
#define PACKET 32768
#define RETRY_PAUSE 50

enum attempt {
    ANSWERED,
    AWAY,   /* nobody listens, or the agent has ended */
    FULL,   /* the agent's queue of connections is full */
    FAILED, /* trying again is useless */
};

static enum attempt give_up(enum attempt kind, const char *what, char *why, size_t why_size) {
    snprintf(why, why_size, "%s: %s", what, strerror(errno));
    return kind;
}

static enum attempt late(char *why, size_t why_size) {
    snprintf(why, why_size, "the agent has accepted the connection, but doesn't answer in time");
    return FAILED;
}

static enum attempt connect_to(int fd, const struct question *q, char *why, size_t why_size) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(q->socket) >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        return give_up(FAILED, q->socket, why, why_size);
    }
    strcpy(address.sun_path, q->socket);
    if (connect(fd, (const struct sockaddr *)&address, sizeof address) != 0) {
        enum attempt kind = errno == EAGAIN ? FULL : errno == ENOENT || errno == ECONNREFUSED ? AWAY : FAILED;
        return give_up(kind, q->socket, why, why_size);
    }
    struct ucred peer;
    socklen_t size = sizeof peer;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) {
        return give_up(FAILED, q->socket, why, why_size);
    }
    if (peer.uid != 0 && peer.uid != geteuid()) {
        snprintf(why, why_size, "%s belongs to a process of user %u, which isn't root", q->socket, (unsigned)peer.uid);
        return FAILED;
    }
    return ANSWERED;
}

static ssize_t send_packet(int fd, struct text packet, int netns) {
    char control[CMSG_SPACE(sizeof(int))] = {0};
    struct iovec data = {(char *)packet.at, packet.length};
    struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1};
    if (netns >= 0) {
        message.msg_control = control;
        message.msg_controllen = sizeof control;
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        *header = (struct cmsghdr){.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof(int))};
        memcpy(CMSG_DATA(header), &netns, sizeof netns);
    }
    return sendmsg(fd, &message, MSG_NOSIGNAL);
}

/* Sends the message in packets, the namespace with the first. The end of the direction is the end of the message. */
static enum attempt send_all(int fd, const struct question *q, char *why, size_t why_size) {
    struct text rest = q->message;
    int netns = q->netns;
    while (rest.length > 0) {
        struct text packet = {rest.at, rest.length < PACKET ? rest.length : PACKET};
        if (!ready(fd, POLLOUT, q->deadline)) {
            return late(why, why_size);
        }
        if (send_packet(fd, packet, netns) >= 0) {
            rest = (struct text){rest.at + packet.length, rest.length - packet.length};
            netns = -1;
        } else if (errno == EPIPE || errno == ECONNRESET) {
            return give_up(AWAY, "the agent has closed the connection", why, why_size);
        } else if (errno != EAGAIN && errno != EINTR) {
            return give_up(FAILED, "can't send to the agent", why, why_size);
        }
    }
    shutdown(fd, SHUT_WR);
    return ANSWERED;
}

static enum attempt receive(int fd, const struct question *q, char *answer, size_t answer_size, char *why, size_t why_size) {
    ssize_t length;
    do {
        if (!ready(fd, POLLIN, q->deadline)) {
            return late(why, why_size);
        }
        length = recv(fd, answer, answer_size - 1, MSG_TRUNC);
    } while (length < 0 && (errno == EINTR || errno == EAGAIN));
    if (length <= 0) {
        snprintf(why, why_size, "the agent has ended before it answered");
        return AWAY;
    }
    if ((size_t)length >= answer_size) {
        snprintf(why, why_size, "the agent's answer has %zd bytes, too many", length);
        return FAILED;
    }
    answer[length] = '\0';
    return ANSWERED;
}

static enum attempt attempt(const struct question *q, char *answer, size_t answer_size, char *why, size_t why_size) {
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        return give_up(FAILED, "can't open a socket", why, why_size);
    }
    enum attempt result = connect_to(fd, q, why, why_size);
    if (result == ANSWERED) {
        result = send_all(fd, q, why, why_size);
    }
    if (result == ANSWERED) {
        result = receive(fd, q, answer, answer_size, why, why_size);
    }
    close(fd);
    return result;
}

bool ask(const struct question *q, char *answer, size_t answer_size, char *why, size_t why_size) {
    long away_since = -1;
    for (;;) {
        enum attempt result = attempt(q, answer, answer_size, why, why_size);
        if (result == ANSWERED) {
            return true;
        }
        long time = now();
        if (result != AWAY) {
            away_since = -1;
        } else if (away_since < 0) {
            away_since = time;
        }
        if (result == FAILED || q->once || time >= q->deadline || (result == AWAY && time - away_since >= AGENT_RESTART)) {
            return false;
        }
        pause_ms(RETRY_PAUSE);
    }
}

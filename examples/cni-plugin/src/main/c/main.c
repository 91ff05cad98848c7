/*
 * A chained CNI plugin that leaves all work to the node agent: it hands the agent what the runtime says, and prints the agent's answer.
 * It decides by itself only what must work without an agent. A pod that could belong to the mesh doesn't start without one.
 */
#include "agent.h"
#include "answer.h"
#include "config.h"
#include "deadline.h"
#include "json.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LARGEST_INPUT (1 << 20)
#define LARGEST_ENVIRONMENT (64 << 10)
/* How long the runtime may take to write the configuration. */
#define INPUT_LIMIT 5000
/* The agent must answer this much earlier than the time limit, so that its own words reach the runtime. */
#define AGENT_MARGIN 1000
/* How long a pod's end may wait for the agent. */
#define DEL_LIMIT 5000

extern char **environ;

static const char *variable(const char *name) {
    const char *value = getenv(name);
    return value == NULL ? "" : value;
}

/* The numbers 0 to 2 must not become those of sockets. Returns whether there is a standard output. */
static bool keep_standard_streams(void) {
    bool output = fcntl(STDOUT_FILENO, F_GETFD) >= 0;
    int fd;
    do {
        fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    } while (fd >= 0 && fd <= STDERR_FILENO);
    close(fd);
    return output;
}

static bool read_input(struct text *input, struct problem *p) {
    static char buffer[LARGEST_INPUT + 1];
    long deadline = now() + INPUT_LIMIT;
    size_t used = 0;
    while (used < sizeof buffer) {
        if (!ready(STDIN_FILENO, POLLIN, deadline)) {
            return problem(p, CNI_IO_FAILURE, "the runtime hasn't sent the whole network configuration within %d s", INPUT_LIMIT / 1000);
        }
        ssize_t count = read(STDIN_FILENO, buffer + used, sizeof buffer - used);
        if (count < 0 && errno != EINTR && errno != EAGAIN) {
            return problem(p, CNI_IO_FAILURE, "can't read the network configuration from standard input: %s", strerror(errno));
        }
        if (count == 0) {
            *input = (struct text){buffer, used};
            return true;
        }
        used += count < 0 ? 0 : (size_t)count;
    }
    return problem(p, CNI_UNREADABLE, "the network configuration on standard input is larger than %d bytes", LARGEST_INPUT);
}

/* Composes the message: the time that the agent has, what the runtime says in its environment, and the configuration. */
static bool compose(struct text input, long patience, struct text *message, struct problem *p) {
    static char buffer[LARGEST_ENVIRONMENT + LARGEST_INPUT];
    size_t used = (size_t)snprintf(buffer, 64, "INPOD_PATIENCE_MS=%ld", patience < 1 ? 1 : patience) + 1;
    for (char **entry = environ; *entry != NULL; entry++) {
        size_t length = strlen(*entry) + 1;
        if (strncmp(*entry, "CNI_", 4) == 0) {
            if (length >= LARGEST_ENVIRONMENT - used) {
                return problem(p, CNI_INVALID_ENVIRONMENT, "the CNI_ variables are longer than %d bytes", LARGEST_ENVIRONMENT);
            }
            memcpy(buffer + used, *entry, length);
            used += length;
        }
    }
    buffer[used++] = '\0';
    memcpy(buffer + used, input.at, input.length);
    *message = (struct text){buffer, used + input.length};
    return true;
}

static bool away(const struct config *config, const char *why, struct problem *p) {
    problem(p, CNI_TRY_AGAIN, "inpod's node agent doesn't answer, and without it the pod would bypass the mesh, so it doesn't start yet");
    detail(p, "%s. The runtime tries again until the agent of this node runs: look at the agent's pod (log: CNI plugin, socket %s). "
              "If the mesh was removed for good, run `inpod agent uninstall` on the node, or delete the entry with \"type\": \"inpod-cni\" "
              "from the list in /etc/cni/net.d",
           why, config->socket);
    return false;
}

/* Has the agent decide. Returns the exit code; if it is 0, nothing is printed yet. */
static int consult(const struct config *config, struct text input, int netns, long start, bool once) {
    static char answer[16384];
    struct problem p;
    char why[256];
    long limit = once && config->timeout > DEL_LIMIT ? DEL_LIMIT : config->timeout;
    struct question question = {.socket = config->socket, .netns = netns, .deadline = start + limit, .once = once};
    if (!compose(input, limit - AGENT_MARGIN, &question.message, &p)) {
        return print_problem(config->version, &p);
    }
    if (!ask(&question, answer, sizeof answer, why, sizeof why)) {
        away(config, why, &p);
        return print_problem(config->version, &p);
    }
    if (strcmp(answer, "0") == 0) {
        return 0;
    }
    if (answer[0] == '1' && answer[1] == '{') {
        print((struct text){answer + 1, strlen(answer + 1)});
        return 1;
    }
    problem(&p, CNI_IO_FAILURE, "the agent's answer can't be understood: are plugin and agent of the same version?");
    return print_problem(config->version, &p);
}

static int pass(const struct config *config) {
    if (config->prev.at != NULL) {
        return print(config->prev);
    }
    char empty[64];
    int length = snprintf(empty, sizeof empty, "{\"cniVersion\":\"%s\"}", config->version);
    return print((struct text){empty, (size_t)length});
}

static bool has_parameters(struct problem *p) {
    static const char *const needed[] = {"CNI_CONTAINERID", "CNI_NETNS", "CNI_IFNAME"};
    for (size_t i = 0; i < sizeof needed / sizeof *needed; i++) {
        if (variable(needed[i])[0] == '\0') {
            return problem(p, CNI_INVALID_ENVIRONMENT, "the environment variable %s is missing", needed[i]);
        }
    }
    return true;
}

/* ADD and CHECK. */
static int decide(const struct config *config, struct text input, bool add, long start) {
    struct problem p;
    if (!has_parameters(&p)) {
        return print_problem(config->version, &p);
    }
    if (origin(config, variable("CNI_ARGS")) == ORIGIN_CLUSTER) {
        int netns = open(variable("CNI_NETNS"), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
        if (netns < 0) {
            problem(&p, CNI_INVALID_ENVIRONMENT, "can't open the network namespace %.200s: %s", variable("CNI_NETNS"), strerror(errno));
            return print_problem(config->version, &p);
        }
        int code = consult(config, input, netns, start, false);
        if (code != 0) {
            return code;
        }
    }
    return add ? pass(config) : 0;
}

/* DEL must succeed whatever happened: a pod must be deletable without an agent, and with a configuration that can't be read any more. */
static int forget(const struct config *config, struct text input, long start) {
    if (origin(config, variable("CNI_ARGS")) == ORIGIN_CLUSTER) {
        int netns = open(variable("CNI_NETNS"), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
        int output = open("/dev/null", O_WRONLY | O_CLOEXEC);
        dup2(output, STDOUT_FILENO); /* the agent's complaints are for its own log */
        consult(config, input, netns, start, true);
    }
    return 0;
}

static int version(const struct config *config) {
    char out[200];
    int length = snprintf(out, sizeof out, "{\"cniVersion\":\"%s\",\"supportedVersions\":[%s]}", config->version, VERSIONS);
    return print((struct text){out, (size_t)length});
}

static int run(const char *command, long start) {
    struct problem p;
    struct config config = {.version = NEWEST_VERSION};
    struct text input;
    bool readable = read_input(&input, &p) && read_config(input, &config, &p);
    if (strcmp(command, "VERSION") == 0) {
        return version(&config);
    }
    if (strcmp(command, "DEL") == 0) {
        return readable ? forget(&config, input, start) : 0;
    }
    if (strcmp(command, "GC") == 0) {
        return 0; /* the agent keeps nothing by attachment: it compares its pods with the namespaces there are */
    }
    if (!readable) {
        return print_problem(config.version, &p);
    }
    if (strcmp(command, "STATUS") == 0) {
        return 0; /* see docs/decisions/0121-a-native-cni-plugin.md */
    }
    if (strcmp(command, "ADD") == 0 || strcmp(command, "CHECK") == 0) {
        return decide(&config, input, strcmp(command, "ADD") == 0, start);
    }
    problem(&p, CNI_INVALID_ENVIRONMENT, "CNI_COMMAND must be ADD, DEL, CHECK, GC, STATUS or VERSION");
    return print_problem(config.version, &p);
}

int main(void) {
    long start = now();
    const char *command = variable("CNI_COMMAND");
    signal(SIGPIPE, SIG_IGN);
    alarm(LONGEST_TIMEOUT + 10); /* ends this process, and so fails, even if nobody reads its output */
    bool output = keep_standard_streams();
    int code = run(command, start);
    if (!output && strcmp(command, "DEL") != 0 && strcmp(command, "GC") != 0) {
        dprintf(STDERR_FILENO, "inpod-cni: standard output is closed, so that the answer is lost\n");
        return 1;
    }
    return code;
}

/* A question to the node agent, which listens on a unix socket, and its answer. */
#ifndef AGENT_H
#define AGENT_H

#include "json.h"

/* How long to try again while nobody listens, or the agent ends before it answers, in milliseconds: as long as a restart takes. */
#define AGENT_RESTART 3000

struct question {
    const char *socket;  /* the path of the agent's socket */
    struct text message; /* entries NAME=VALUE, each with a NUL; an empty one; the network configuration */
    int netns;           /* the pod's network namespace, or -1 */
    long deadline;       /* when there must be an answer, see now() */
    bool once;           /* don't try again */
};

/*
 * Asks the agent. Returns false if there is no answer; why then says what happened, for a person.
 *
 * answer: receives the answer, NUL-terminated; why: receives the reason
 */
bool ask(const struct question *question, char *answer, size_t answer_size, char *why, size_t why_size);

#endif

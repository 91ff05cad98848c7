/* What the runtime gets to read: results and errors of the CNI specification, on standard output. */
#ifndef ANSWER_H
#define ANSWER_H

#include "json.h"

/* Error codes of the CNI specification. */
enum {
    CNI_INCOMPATIBLE_VERSION = 1,
    CNI_INVALID_ENVIRONMENT = 4,
    CNI_IO_FAILURE = 5,
    CNI_UNREADABLE = 6,
    CNI_INVALID_CONFIGURATION = 7,
    CNI_TRY_AGAIN = 11,
};

/* An error as the runtime shows it: the message, then the details. Nothing else of this program can fail a pod. */
struct problem {
    int code;
    char message[512];
    char details[1024];
};

/* Fills in an error. The text of both formats is cut if it is too long. Returns false, for callers that return whether they succeeded. */
__attribute__((format(printf, 3, 4))) bool problem(struct problem *problem, int code, const char *message, ...);

/* Adds the details. */
__attribute__((format(printf, 2, 3))) void detail(struct problem *problem, const char *details, ...);

/* Writes bytes to standard output, as they are. Returns the process's exit code: 1 if they can't be written. */
int print(struct text text);

/* Writes an error object. Returns the process's exit code, 1. */
int print_problem(const char *version, const struct problem *problem);

#endif

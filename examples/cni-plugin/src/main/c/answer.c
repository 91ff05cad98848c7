#include "answer.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

bool problem(struct problem *problem, int code, const char *message, ...) {
    va_list arguments;
    va_start(arguments, message);
    problem->code = code;
    vsnprintf(problem->message, sizeof problem->message, message, arguments);
    problem->details[0] = '\0';
    va_end(arguments);
    return false;
}

void detail(struct problem *problem, const char *details, ...) {
    va_list arguments;
    va_start(arguments, details);
    vsnprintf(problem->details, sizeof problem->details, details, arguments);
    va_end(arguments);
}

int print(struct text text) {
    size_t written = 0;
    while (written < text.length) {
        ssize_t count = write(STDOUT_FILENO, text.at + written, text.length - written);
        if (count < 0 && errno != EINTR) {
            dprintf(STDERR_FILENO, "inpod-cni: can't write the answer: %s\n", strerror(errno));
            return 1;
        }
        written += count < 0 ? 0 : (size_t)count;
    }
    return 0;
}

/* Appends a JSON string. What isn't printable ASCII becomes '?': it comes from a runtime's environment, whose encoding is unknown. */
static size_t quote(char *out, const char *text) {
    size_t used = 0;
    out[used++] = '"';
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\') {
            out[used++] = '\\';
        }
        out[used++] = *text < 0x20 || *text > 0x7e ? '?' : *text;
    }
    out[used++] = '"';
    return used;
}

int print_problem(const char *version, const struct problem *problem) {
    char out[2 * (sizeof problem->message + sizeof problem->details) + 200];
    size_t used = (size_t)snprintf(out, 100, "{\"cniVersion\":\"%.16s\",\"code\":%d,\"msg\":", version, problem->code);
    used += quote(out + used, problem->message);
    if (problem->details[0] != '\0') {
        memcpy(out + used, ",\"details\":", 11);
        used += 11;
        used += quote(out + used, problem->details);
    }
    memcpy(out + used, "}\n", 2);
    print((struct text){out, used + 2});
    return 1;
}

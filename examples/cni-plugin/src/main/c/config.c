#include "config.h"

#include <string.h>

static const char *const NAMES[] = {"cniVersion", "prevResult", "agentSocket", "timeoutSeconds", "excludeNamespaces"};
enum { VERSION, PREV, SOCKET, TIMEOUT, EXCLUDED, COUNT };

static bool equals(struct text text, const char *wanted) {
    return text.length == strlen(wanted) && memcmp(text.at, wanted, text.length) == 0;
}

static bool read_version(struct text value, struct config *config, struct problem *p) {
    static const char *const known[] = {"0.3.1", "0.4.0", "1.0.0", "1.1.0"};
    char version[16] = "0.1.0"; /* what the specification says of a missing one */
    bool readable = value.at == NULL || json_string(value, version, sizeof version);
    for (size_t i = 0; readable && i < sizeof known / sizeof *known; i++) {
        if (strcmp(version, known[i]) == 0) {
            strcpy(config->version, version);
            return true;
        }
    }
    problem(p, CNI_INCOMPATIBLE_VERSION, "inpod-cni doesn't speak this cniVersion");
    detail(p, "the network configuration has version %s; possible are " VERSIONS, readable ? version : "that isn't a short string");
    return false;
}

static bool read_timeout(struct text value, long *timeout) {
    long seconds = DEFAULT_TIMEOUT;
    if (value.at != NULL) {
        seconds = 0;
        for (size_t i = 0; i < value.length; i++) {
            if (value.at[i] < '0' || value.at[i] > '9' || i == 3) {
                return false;
            }
            seconds = seconds * 10 + (value.at[i] - '0');
        }
    }
    *timeout = seconds * 1000;
    return seconds >= 1 && seconds <= LONGEST_TIMEOUT;
}

static bool strings(struct text array) {
    struct text element;
    char copy[256];
    if (array.at != NULL && array.at[0] != '[') {
        return false;
    }
    while (json_next(&array, &element)) {
        if (!json_string(element, copy, sizeof copy)) {
            return false;
        }
    }
    return true;
}

static bool read_members(struct text document, struct text values[COUNT], struct problem *p) {
    switch (json_members(document, NAMES, values, COUNT)) {
    case JSON_OK:
        return true;
    case JSON_DEEP:
        return problem(p, CNI_UNREADABLE, "the network configuration on standard input is nested too deeply");
    case JSON_OTHER:
        return problem(p, CNI_UNREADABLE, "the network configuration on standard input is no JSON object");
    case JSON_REPEATED:
        return problem(p, CNI_INVALID_CONFIGURATION, "the network configuration has a key of inpod-cni twice");
    default:
        return problem(p, CNI_UNREADABLE, "the network configuration on standard input is not JSON");
    }
}

bool read_config(struct text document, struct config *config, struct problem *p) {
    struct text values[COUNT];
    *config = (struct config){.version = NEWEST_VERSION, .socket = DEFAULT_SOCKET};
    if (!read_members(document, values, p) || !read_version(values[VERSION], config, p)) {
        return false;
    }
    if (values[SOCKET].at != NULL && (!json_string(values[SOCKET], config->socket, sizeof config->socket) || config->socket[0] != '/')) {
        return problem(p, CNI_INVALID_CONFIGURATION, "\"agentSocket\" must be an absolute path of at most 107 bytes");
    }
    if (!read_timeout(values[TIMEOUT], &config->timeout)) {
        return problem(p, CNI_INVALID_CONFIGURATION, "\"timeoutSeconds\" must be a whole number from 1 to %d", LONGEST_TIMEOUT);
    }
    if (!strings(values[EXCLUDED])) {
        return problem(p, CNI_INVALID_CONFIGURATION, "\"excludeNamespaces\" must be an array of strings");
    }
    config->outside = values[EXCLUDED];
    if (values[PREV].at != NULL && !equals(values[PREV], "null")) {
        config->prev = values[PREV];
        if (config->prev.at[0] != '{') {
            return problem(p, CNI_UNREADABLE, "\"prevResult\" must be an object");
        }
    }
    return true;
}

static bool listed(struct text array, struct text name) {
    struct text element;
    char copy[256];
    while (json_next(&array, &element)) {
        if (json_string(element, copy, sizeof copy) && equals(name, copy)) {
            return true;
        }
    }
    return false;
}

enum origin origin(const struct config *config, const char *cni_args) {
    struct text space = {NULL, 0};
    int spaces = 0, names = 0;
    for (const char *at = cni_args; *at != '\0';) {
        struct text entry = {at, strcspn(at, ";")};
        size_t key = strcspn(at, "=;");
        struct text name = {at, key};
        if (equals(name, "K8S_POD_NAMESPACE")) {
            spaces++;
            space = key < entry.length ? (struct text){at + key + 1, entry.length - key - 1} : (struct text){at + key, 0};
        }
        names += equals(name, "K8S_POD_NAME");
        at += entry.length;
        at += *at == ';';
    }
    if (spaces == 0 && names == 0) {
        return ORIGIN_ELSEWHERE;
    }
    return spaces == 1 && space.length > 0 && listed(config->outside, space) ? ORIGIN_EXCLUDED : ORIGIN_CLUSTER;
}

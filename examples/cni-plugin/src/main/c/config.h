/* The plugin's entry in the network configuration, as the runtime sends it, and the pod that it says. */
#ifndef CONFIG_H
#define CONFIG_H

#include "answer.h"
#include "json.h"

#define DEFAULT_SOCKET "/var/run/inpod-cni/plugin.sock"
#define DEFAULT_TIMEOUT 20
#define LONGEST_TIMEOUT 100

struct config {
    char version[16];    /* of the specification */
    char socket[108];    /* key "agentSocket" */
    long timeout;        /* key "timeoutSeconds", in milliseconds */
    struct text prev;    /* key "prevResult", as it is written; absent if there is none */
    struct text outside; /* key "excludeNamespaces", an array; may be absent */
};

/* Where the pod comes from, according to CNI_ARGS. */
enum origin {
    ORIGIN_CLUSTER,  /* an orchestrator's pod: the agent decides */
    ORIGIN_EXCLUDED, /* a pod in one of the excluded namespaces */
    ORIGIN_ELSEWHERE /* nobody's pod: CNI_ARGS names none */
};

/* Versions of the specification that this plugin speaks, as elements of a JSON array. */
#define VERSIONS "\"0.3.1\",\"0.4.0\",\"1.0.0\",\"1.1.0\""
#define NEWEST_VERSION "1.1.0"

/* Reads the configuration. config->version is valid even if this fails. */
bool read_config(struct text document, struct config *config, struct problem *problem);

/* Says where the pod comes from. A pod whose namespace is named twice is never excluded. */
enum origin origin(const struct config *config, const char *cni_args);

#endif

/* Reads documents from standard input, each after its length (4 bytes, little-endian), and prints one line with what json.c finds. */
#include "json.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const NAMES[] = {"cniVersion", "prevResult", "list"};

static void print_string(struct text value) {
    char small[8], copy[4096];
    json_string(value, small, sizeof small); /* must not write beyond it */
    if (!json_string(value, copy, sizeof copy)) {
        printf(" none");
        return;
    }
    printf(" =");
    for (size_t i = 0; copy[i] != '\0'; i++) {
        printf("%02x", (unsigned char)copy[i]);
    }
}

static void scan(const char *document, size_t length) {
    struct text values[3], element;
    enum json_result result = json_members((struct text){document, length}, NAMES, values, 3);
    printf("%d", result);
    for (int i = 0; result == JSON_OK && i < 3; i++) {
        if (values[i].at == NULL) {
            printf(" absent");
        } else {
            printf(" %zu+%zu", (size_t)(values[i].at - document), values[i].length);
        }
    }
    if (result == JSON_OK && values[0].at != NULL) {
        print_string(values[0]);
    }
    while (result == JSON_OK && values[2].at != NULL && json_next(&values[2], &element)) {
        printf(" [%zu+%zu", (size_t)(element.at - document), element.length);
    }
    printf("\n");
}

int main(void) {
    uint32_t length;
    while (fread(&length, sizeof length, 1, stdin) == 1) {
        char *document = malloc(length); /* exactly as large, so that the sanitizer sees each byte beyond it */
        if (fread(document, 1, length, stdin) != length) {
            return 1;
        }
        scan(document, length);
        free(document);
    }
    return 0;
}

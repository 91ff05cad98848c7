/* Just as much JSON (RFC 8259) as the plugin needs: it checks a document and finds members of it, without copying or changing a byte. */
#ifndef JSON_H
#define JSON_H

#include <stdbool.h>
#include <stddef.h>

/* Arrays and objects may be nested this deeply. */
#define JSON_DEPTH 100

/* Bytes that somebody else owns. Those of an absent value begin at NULL. */
struct text {
    const char *at;
    size_t length;
};

enum json_result {
    JSON_OK,
    JSON_INVALID,  /* no JSON */
    JSON_DEEP,     /* nested more deeply than JSON_DEPTH */
    JSON_OTHER,    /* JSON, but no object */
    JSON_REPEATED, /* one of the members that were asked for occurs twice */
};

/*
 * Checks a whole document, which must be an object, and finds members of it by name. Names are compared after their escapes are resolved.
 * Members of inner objects don't count.
 *
 * names: what to look for; values: receives each value as it is written, absent if the object has no such member; count: their number.
 */
enum json_result json_members(struct text document, const char *const *names, struct text *values, size_t count);

/*
 * Resolves the escapes of a string, which must be valid. A surrogate without its other half becomes U+FFFD. Ends the copy with a NUL.
 * Returns false if the value is no string, contains a NUL, or doesn't fit into size bytes.
 */
bool json_string(struct text value, char *copy, size_t size);

/*
 * Walks through the elements of an array, which must be valid. Before the first call, rest is the array; after the last, json_next
 * returns false. Returns false at once if rest is no array.
 */
bool json_next(struct text *rest, struct text *element);

#endif

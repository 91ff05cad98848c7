#include "json.h"

#include <stdint.h>
#include <string.h>

struct cursor {
    const char *at;
    const char *end;
    bool deep;
};

static bool value(struct cursor *c, int depth);

static void space(struct cursor *c) {
    while (c->at < c->end && (*c->at == ' ' || *c->at == '\t' || *c->at == '\n' || *c->at == '\r')) {
        c->at++;
    }
}

static bool take(struct cursor *c, char wanted) {
    if (c->at < c->end && *c->at == wanted) {
        c->at++;
        return true;
    }
    return false;
}

static int hex(char digit) {
    if (digit >= '0' && digit <= '9') {
        return digit - '0';
    }
    char lower = digit | 0x20;
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

static bool escape(struct cursor *c) {
    if (c->at == c->end) {
        return false;
    }
    char kind = *c->at++;
    if (kind != 'u') {
        return kind != '\0' && strchr("\"\\/bfnrt", kind) != NULL;
    }
    if (c->end - c->at < 4) {
        return false;
    }
    for (int i = 0; i < 4; i++) {
        if (hex(*c->at++) < 0) {
            return false;
        }
    }
    return true;
}

static bool string(struct cursor *c) {
    if (!take(c, '"')) {
        return false;
    }
    while (c->at < c->end) {
        char next = *c->at++;
        if (next == '"') {
            return true;
        }
        if ((unsigned char)next < 0x20 || (next == '\\' && !escape(c))) {
            return false;
        }
    }
    return false;
}

static bool digits(struct cursor *c) {
    const char *start = c->at;
    while (c->at < c->end && *c->at >= '0' && *c->at <= '9') {
        c->at++;
    }
    return c->at > start;
}

static bool number(struct cursor *c) {
    take(c, '-');
    if (!take(c, '0') && !digits(c)) {
        return false;
    }
    if (take(c, '.') && !digits(c)) {
        return false;
    }
    if (take(c, 'e') || take(c, 'E')) {
        if (!take(c, '+')) {
            take(c, '-');
        }
        return digits(c);
    }
    return true;
}

static bool word(struct cursor *c, const char *word) {
    size_t length = strlen(word);
    if ((size_t)(c->end - c->at) < length || memcmp(c->at, word, length) != 0) {
        return false;
    }
    c->at += length;
    return true;
}

static bool element(struct cursor *c, bool object, int depth) {
    space(c);
    if (object) {
        if (!string(c)) {
            return false;
        }
        space(c);
        if (!take(c, ':')) {
            return false;
        }
        space(c);
    }
    bool valid = value(c, depth);
    space(c);
    return valid;
}

static bool nested(struct cursor *c, bool object, int depth) {
    char close = object ? '}' : ']';
    if (depth == JSON_DEPTH) {
        c->deep = true;
        return false;
    }
    c->at++;
    space(c);
    if (take(c, close)) {
        return true;
    }
    do {
        if (!element(c, object, depth + 1)) {
            return false;
        }
    } while (take(c, ','));
    return take(c, close);
}

static bool value(struct cursor *c, int depth) {
    if (c->at == c->end) {
        return false;
    }
    switch (*c->at) {
    case '{':
        return nested(c, true, depth);
    case '[':
        return nested(c, false, depth);
    case '"':
        return string(c);
    case 't':
        return word(c, "true");
    case 'f':
        return word(c, "false");
    case 'n':
        return word(c, "null");
    default:
        return number(c);
    }
}

static bool named(struct text key, const char *name) {
    char decoded[64];
    return json_string(key, decoded, sizeof decoded) && strcmp(decoded, name) == 0;
}

/* Reads "key": value, and notes the value if it was asked for. */
static enum json_result member(struct cursor *c, const char *const *names, struct text *values, size_t count) {
    space(c);
    struct text key = {c->at, 0};
    if (!string(c)) {
        return JSON_INVALID;
    }
    key.length = (size_t)(c->at - key.at);
    space(c);
    if (!take(c, ':')) {
        return JSON_INVALID;
    }
    space(c);
    struct text found = {c->at, 0};
    if (!value(c, 1)) {
        return c->deep ? JSON_DEEP : JSON_INVALID;
    }
    found.length = (size_t)(c->at - found.at);
    space(c);
    for (size_t i = 0; i < count; i++) {
        if (named(key, names[i])) {
            if (values[i].at != NULL) {
                return JSON_REPEATED;
            }
            values[i] = found;
        }
    }
    return JSON_OK;
}

static enum json_result other(struct cursor *c) {
    if (!value(c, 0)) {
        return c->deep ? JSON_DEEP : JSON_INVALID;
    }
    space(c);
    return c->at == c->end ? JSON_OTHER : JSON_INVALID;
}

enum json_result json_members(struct text document, const char *const *names, struct text *values, size_t count) {
    struct cursor c = {document.at, document.at + document.length, false};
    for (size_t i = 0; i < count; i++) {
        values[i] = (struct text){NULL, 0};
    }
    bool repeated = false;
    space(&c);
    if (!take(&c, '{')) {
        return other(&c);
    }
    space(&c);
    if (!take(&c, '}')) {
        do {
            enum json_result result = member(&c, names, values, count);
            if (result == JSON_REPEATED) {
                repeated = true; /* reported only if the rest is JSON */
            } else if (result != JSON_OK) {
                return result;
            }
        } while (take(&c, ','));
        if (!take(&c, '}')) {
            return JSON_INVALID;
        }
    }
    space(&c);
    if (c.at != c.end) {
        return JSON_INVALID;
    }
    return repeated ? JSON_REPEATED : JSON_OK;
}

static uint32_t unit(const char *at) {
    uint32_t result = 0;
    for (int i = 0; i < 4; i++) {
        result = result << 4 | (uint32_t)hex(at[i]);
    }
    return result;
}

/* Reads what follows "\u", perhaps a pair of surrogates, and moves behind it. */
static uint32_t code_point(const char **at, const char *end) {
    uint32_t first = unit(*at);
    *at += 4;
    if (first < 0xd800 || first > 0xdfff) {
        return first;
    }
    if (first < 0xdc00 && end - *at >= 6 && (*at)[0] == '\\' && (*at)[1] == 'u') {
        uint32_t second = unit(*at + 2);
        if (second >= 0xdc00 && second <= 0xdfff) {
            *at += 6;
            return 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
        }
    }
    return 0xfffd;
}

static size_t utf8(uint32_t code, char *out) {
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    if (code < 0x800) {
        out[0] = (char)(0xc0 | code >> 6);
        out[1] = (char)(0x80 | (code & 0x3f));
        return 2;
    }
    if (code < 0x10000) {
        out[0] = (char)(0xe0 | code >> 12);
        out[1] = (char)(0x80 | (code >> 6 & 0x3f));
        out[2] = (char)(0x80 | (code & 0x3f));
        return 3;
    }
    out[0] = (char)(0xf0 | code >> 18);
    out[1] = (char)(0x80 | (code >> 12 & 0x3f));
    out[2] = (char)(0x80 | (code >> 6 & 0x3f));
    out[3] = (char)(0x80 | (code & 0x3f));
    return 4;
}

static char simple_escape(char kind) {
    static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";
    const char *found = strchr(from, kind);
    return found == NULL ? kind : to[found - from];
}

bool json_string(struct text value, char *copy, size_t size) {
    if (value.length < 2 || value.at[0] != '"') {
        return false;
    }
    const char *at = value.at + 1, *end = value.at + value.length - 1;
    size_t used = 0;
    while (at < end) {
        char piece[4];
        size_t length = 1;
        piece[0] = *at++;
        if (piece[0] == '\\') {
            char kind = *at++;
            if (kind == 'u') {
                length = utf8(code_point(&at, end), piece);
            } else {
                piece[0] = simple_escape(kind);
            }
        }
        if (piece[0] == '\0' || used + length >= size) {
            return false;
        }
        memcpy(copy + used, piece, length);
        used += length;
    }
    if (used >= size) {
        return false;
    }
    copy[used] = '\0';
    return true;
}

bool json_next(struct text *rest, struct text *element) {
    struct cursor c = {rest->at, rest->at + rest->length, false};
    if (rest->length == 0 || (*c.at != '[' && *c.at != ',')) {
        return false;
    }
    c.at++;
    space(&c);
    if (c.at == c.end || *c.at == ']') {
        return false;
    }
    element->at = c.at;
    value(&c, 1);
    element->length = (size_t)(c.at - element->at);
    space(&c);
    *rest = (struct text){c.at, (size_t)(c.end - c.at)};
    return true;
}

/* The scanners of gateway.http1, compiled: heads in, the path of a target, heads out, chunks.

   Each function does with everyday messages what its twin in Python does (head.py, target.py, outgoing.py, framing.py),
   and leaves every other message to the twin. Nothing is refused here: what is refused, and in which words, is said in
   one place.

   What comes from a peer is read through two pointers, at and end, and no octet of it but below end. Scanning allocates
   nothing; only what has been taken whole is made into objects. There is no recursion. */

#define PY_SSIZE_T_CLEAN
#define Py_LIMITED_API 0x030B0000 /* one binary for Python 3.11 and whatever comes after it */
#include <Python.h>
#include <stddef.h>
#include <string.h>
#include <structmember.h>

typedef unsigned char octet;

#define MAX_LINES 128           /* field lines of a head; the twin takes more, where limits allow it */
#define MAX_LENGTH_DIGITS 18    /* as _is_length in head.py: less than 2**63 */
#define MAX_SIZE_DIGITS 15      /* as _SIZE in framing.py: less than 2**60 */
#define MAX_PORT 65535
#define MAX_HEAD_OCTETS (1 << 30) /* places in a head are kept in 32 bits */
#define SLOTS 1024              /* of the table of names; a power of two */
#define REMEMBERED 64           /* sets of names, each by which of the table it holds; a power of two */

/* ------------------------------------------------------------------------------------- what is known at import time */

/* Names that mean something to a parser. */
enum meaning { HOST, LENGTH, CODING, TYPE, CONNECTION, EXPECT, ORIGIN, AUTHORIZATION, CLOSE, MEANINGS, NOTHING = MEANINGS };

static const char *const MEANINGFUL[MEANINGS] = {
    "host", "content-length", "transfer-encoding", "content-type", "connection", "expect", "origin", "authorization",
    "close",
};

/* What is known of a name: which of the sets of Python's it is in, and what it is made of. */
enum trait { LEFT_OUT_OF_REQUESTS = 1, LEFT_OUT_OF_RESPONSES = 2, RARE_ONE = 4, FORWARDS = 8, UNDERSCORE = 16 };

/* One usual field name. `text` is in `name`, which the table keeps alive. */
struct entry {
    PyObject *name; /* lower case; NULL: a free slot */
    const char *text;
    Py_ssize_t length;
    unsigned hash;
    enum meaning meaning;
    int traits;
};

/* Names that a change drops, looked up in its set and among its beginnings once instead of for each line. */
struct drop {
    Py_hash_t seen;              /* of what was asked for last: what is asked for twice is worth remembering */
    PyObject *dropped, *prefixes; /* whose answers these are; NULL: nobody's */
    octet gone[SLOTS / 8];
};

/* Objects of Python that are used, in one array: one loop lets go of them. */
enum object {
    FIELDS, /* made here; all others are Python's */
    FIELDS_TWIN, REQUEST_HEAD, RESPONSE_HEAD, FRAMING, CHANGE,
    NO_BODY, CHUNKED, UNTIL_CLOSE, KIND_NONE, KIND_SIZED, KIND_CHUNKED, KIND_UNTIL_CLOSE,
    DEFAULT_LIMITS, LOWER_CASE, NOT_IN_REQUESTS, NOT_IN_RESPONSES, RARE,
    TWIN_PARSE_REQUEST, TWIN_PARSE_RESPONSE, TWIN_BEGIN_REQUEST, TWIN_BEGIN_RESPONSE, TWIN_REQUEST, TWIN_RESPONSE, TWIN_CHUNKS,
    NONE_REPEATED, NOTHING_GIVEN,
    /* The slots of the dataclasses, each class's in the order of its fields. */
    REQUEST_METHOD, REQUEST_TARGET, REQUEST_MINOR, REQUEST_FIELDS, REQUEST_HOST, REQUEST_BODY, REQUEST_PERSISTENT,
    REQUEST_EXPECTS, REQUEST_ORIGIN, REQUEST_PLAIN,
    RESPONSE_MINOR, RESPONSE_STATUS, RESPONSE_PHRASE, RESPONSE_FIELDS, RESPONSE_BODY, RESPONSE_PERSISTENT,
    FRAMING_KIND, FRAMING_LENGTH,
    CHANGE_DROPPED, CHANGE_PREFIXES, CHANGE_ADDED,
    OBJECTS
};

struct wanted { enum object object; const char *module; const char *name; };

static const struct wanted WANTED[] = {
    {FIELDS_TWIN, "gateway.http1.fields", "Fields"},
    {REQUEST_HEAD, "gateway.http1.head", "RequestHead"},
    {RESPONSE_HEAD, "gateway.http1.head", "ResponseHead"},
    {FRAMING, "gateway.http1.framing", "Framing"},
    {CHANGE, "gateway.http1.outgoing", "Change"},
    {NO_BODY, "gateway.http1.framing", "NO_BODY"},
    {CHUNKED, "gateway.http1.framing", "CHUNKED"},
    {UNTIL_CLOSE, "gateway.http1.framing", "UNTIL_CLOSE"},
    {DEFAULT_LIMITS, "gateway.http1.buffer", "DEFAULT_HEAD_LIMITS"},
    {LOWER_CASE, "gateway.http1.names", "LOWER_CASE"},
    {NOT_IN_REQUESTS, "gateway.http1.outgoing", "NOT_IN_REQUESTS"},
    {NOT_IN_RESPONSES, "gateway.http1.outgoing", "NOT_IN_RESPONSES"},
    {RARE, "gateway.http1.names", "RARE"},
    {TWIN_PARSE_REQUEST, "gateway.http1.head", "parse_request_head"},
    {TWIN_PARSE_RESPONSE, "gateway.http1.head", "parse_response_head"},
    {TWIN_BEGIN_REQUEST, "gateway.http1.head", "begin_request"},
    {TWIN_BEGIN_RESPONSE, "gateway.http1.head", "begin_response"},
    {TWIN_REQUEST, "gateway.http1.outgoing", "request_octets"},
    {TWIN_RESPONSE, "gateway.http1.outgoing", "response_octets"},
    {TWIN_CHUNKS, "gateway.http1.framing", "scan_chunks"},
};

struct part { enum object object; enum object of; const char *name; };

static const struct part PARTS[] = {
    {REQUEST_METHOD, REQUEST_HEAD, "method"},
    {REQUEST_TARGET, REQUEST_HEAD, "target"},
    {REQUEST_MINOR, REQUEST_HEAD, "minor"},
    {REQUEST_FIELDS, REQUEST_HEAD, "fields"},
    {REQUEST_HOST, REQUEST_HEAD, "host"},
    {REQUEST_BODY, REQUEST_HEAD, "body"},
    {REQUEST_PERSISTENT, REQUEST_HEAD, "persistent"},
    {REQUEST_EXPECTS, REQUEST_HEAD, "expects_continue"},
    {REQUEST_ORIGIN, REQUEST_HEAD, "origin"},
    {REQUEST_PLAIN, REQUEST_HEAD, "plain"},
    {RESPONSE_MINOR, RESPONSE_HEAD, "minor"},
    {RESPONSE_STATUS, RESPONSE_HEAD, "status"},
    {RESPONSE_PHRASE, RESPONSE_HEAD, "phrase"},
    {RESPONSE_FIELDS, RESPONSE_HEAD, "fields"},
    {RESPONSE_BODY, RESPONSE_HEAD, "body"},
    {RESPONSE_PERSISTENT, RESPONSE_HEAD, "persistent"},
    {FRAMING_KIND, FRAMING, "kind"},
    {FRAMING_LENGTH, FRAMING, "length"},
    {CHANGE_DROPPED, CHANGE, "dropped"},
    {CHANGE_PREFIXES, CHANGE, "dropped_prefixes"},
    {CHANGE_ADDED, CHANGE, "added"},
};

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* Limits as numbers; `limits` is whose they are. */
struct bounds { PyObject *limits; Py_ssize_t octets, lines; };

struct state {
    PyObject *objects[OBJECTS];
    struct entry names[SLOTS];
    struct bounds of_requests, of_responses; /* the last that were asked for: nearly always the same ones */
    struct drop drops[REMEMBERED];
    descrgetfunc read; /* how a slot of a class in Python is read and written: all are of one type */
    descrsetfunc write;
};

/* Octets by what they may be part of, filled in once, the same by every import. */
static octet lower_token[256]; /* the octet in lower case; 0: in no token (RFC 9110, 5.6.2) */
static octet in_target[256];
static octet in_name_of_host[256];

static void
fill_octets(void)
{
    for (int c = 0x21; c <= 0x7E; c++) {
        lower_token[c] = (octet)(strchr("\"(),/:;<=>?@[\\]{}", c) ? 0 : c >= 'A' && c <= 'Z' ? c + 32 : c);
        in_target[c] = c != '#';
        in_name_of_host[c] = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z')
                             || c == '.' || c == '_' || c == '-';
    }
}

static octet
lower(octet c)
{
    return c >= 'A' && c <= 'Z' ? (octet)(c + 32) : c;
}

static int
is_digit(octet c)
{
    return c >= '0' && c <= '9';
}

/* FNV-1a, of lower-case octets. Clients cannot add to the table, so that how they choose names does not matter. */
#define HASH_START 2166136261u
#define HASH_STEP(hash, c) (((hash) ^ (c)) * 16777619u)

/* Return the slot of a name, its own or the free one where it would be. There always is a free one: see `add_name`. */
static struct entry *
slot_of(struct state *state, const octet *name, Py_ssize_t length, unsigned hash)
{
    for (unsigned at = hash;; at++) {
        struct entry *entry = &state->names[at & (SLOTS - 1)];
        if (entry->name == NULL) {
            return entry;
        }
        if (entry->hash == hash && entry->length == length) {
            Py_ssize_t i = 0;
            while (i < length && lower_token[name[i]] == (octet)entry->text[i]) {
                i++;
            }
            if (i == length) {
                return entry;
            }
        }
    }
}

static PyObject *
lower_bytes(const octet *at, Py_ssize_t length)
{
    PyObject *bytes = PyBytes_FromStringAndSize(NULL, length);
    if (bytes != NULL) {
        octet *to = (octet *)PyBytes_AsString(bytes);
        for (Py_ssize_t i = 0; i < length; i++) {
            to[i] = lower(at[i]);
        }
    }
    return bytes;
}

static PyObject *
bytes_of(const octet *at, const octet *end)
{
    return PyBytes_FromStringAndSize((const char *)at, end - at);
}

/* Return an attribute. Its name is interned, since Python remembers each string by which a class was asked. */
static PyObject *
attribute(PyObject *of, const char *name)
{
    PyObject *interned = PyUnicode_InternFromString(name);
    PyObject *value = of && interned ? PyObject_GetAttr(of, interned) : NULL;
    Py_XDECREF(interned);
    return value;
}

/* ------------------------------------------------------------------------------------------- leaving it to the twin */

static PyObject *
ask_twin(PyObject *twin, PyObject *const *args, Py_ssize_t count, PyObject *keywords)
{
    PyObject *result = NULL, *named = NULL;
    PyObject *positional = PyTuple_New(count);
    if (positional == NULL) {
        return NULL;
    }
    for (Py_ssize_t i = 0; i < count; i++) {
        Py_INCREF(args[i]);
        if (PyTuple_SetItem(positional, i, args[i]) < 0) {
            goto done;
        }
    }
    if (keywords != NULL) {
        named = PyDict_New();
        for (Py_ssize_t i = 0; named != NULL && i < PyTuple_Size(keywords); i++) {
            if (PyDict_SetItem(named, PyTuple_GetItem(keywords, i), args[count + i]) < 0) {
                goto done;
            }
        }
        if (named == NULL) {
            goto done;
        }
    }
    result = PyObject_Call(twin, positional, named);
done:
    Py_DECREF(positional);
    Py_XDECREF(named);
    return result;
}

/* --------------------------------------------------------------------------------------------- values of dataclasses */

/* Return a part of a value, a new reference; what reads it looks at the value's type itself. */
static PyObject *
get(struct state *state, enum object part, PyObject *value)
{
    return state->read(state->objects[part], value, (PyObject *)Py_TYPE(value));
}

/* Return a value of a class made of `count` parts, which are taken over; NULL among them: an error is set already. The
   class's own `__init__`, which would do the same, is in Python. */
static PyObject *
make(struct state *state, enum object class, enum object first_slot, PyObject **parts, int count)
{
    PyObject *value = NULL;
    int whole = 1;
    for (int i = 0; i < count; i++) {
        whole = whole && parts[i] != NULL;
    }
    if (whole) {
        PyTypeObject *type = (PyTypeObject *)state->objects[class];
        newfunc empty = (newfunc)PyType_GetSlot(type, Py_tp_new);
        value = empty(type, state->objects[NOTHING_GIVEN], NULL);
    }
    for (int i = 0; i < count; i++) {
        if (value != NULL) {
            if (state->write(state->objects[first_slot + i], value, parts[i]) < 0) {
                Py_CLEAR(value);
            }
        }
        Py_XDECREF(parts[i]);
    }
    return value;
}

static PyObject *
new_reference(PyObject *object)
{
    Py_INCREF(object);
    return object;
}

static PyObject *
truth(int value)
{
    return new_reference(value ? Py_True : Py_False);
}

/* ------------------------------------------------------------------------------------------------- scanning, no objects */

/* One field line of a head. */
struct line {
    unsigned start;  /* where it begins, in octets from the head's own beginning */
    unsigned name;   /* how long the name is */
    unsigned length; /* of the line without its CRLF */
    int known;       /* the slot of the name in the table; of an unusual one its hash, which is made negative */
};

struct section {
    const octet *head;
    struct line lines[MAX_LINES];
    Py_ssize_t count;
    const struct line *meant[MEANINGS]; /* the first line that has the name; NULL: none */
    int times[MEANINGS];                /* how many lines have it */
    int repeated;                       /* a name stands on more than one line */
    int traits;                         /* of all names together */
};

/* Tell whether octets may stand in a value: visible ones, obs-text, space and tab (RFC 9110, 5.5). Without a branch, so
   that compilers look at many at once. */
static int
is_value(const octet *at, const octet *end)
{
    unsigned bad = 0;
    for (; at < end; at++) {
        bad |= ((*at < 0x20) & (*at != '\t')) | (*at == 0x7F);
    }
    return !bad;
}

/* Return the CRLF that ends a value beginning here, NULL if it is none. */
static const octet *
end_of_value(const octet *at, const octet *end)
{
    const octet *cr = at < end ? memchr(at, '\r', (size_t)(end - at)) : NULL;
    if (cr == NULL || end - cr < 2 || cr[1] != '\n' || !is_value(at, cr)) {
        return NULL;
    }
    return cr;
}

/* Tell whether two lines of a head have the same name. */
static int
same_name(const octet *head, const struct line *one, const struct line *other)
{
    if (one->known != other->known || one->name != other->name) {
        return 0;
    }
    unsigned i = 0;
    while (one->known < 0 && i < one->name && lower_token[head[one->start + i]] == lower_token[head[other->start + i]]) {
        i++;
    }
    return one->known >= 0 || i == one->name;
}

/* Tell whether a line before this one, the section's last, has its unusual name; -1: clients have chosen names of one
   hash, and would have more octets compared than there are. */
static int
came_before(const struct section *section, const struct line *line, size_t *compared, size_t size)
{
    for (const struct line *before = section->lines; before < line; before++) {
        if (before->known == line->known && before->name == line->name) {
            *compared += line->name;
            if (*compared > size) {
                return -1;
            }
            if (same_name(section->head, before, line)) {
                return 1;
            }
        }
    }
    return 0;
}

/* Take field lines and the empty line that ends them, and all, at `end`; tell if that is what is there. */
static int
scan_section(struct state *state, const octet *head, const octet *at, const octet *end, struct section *section)
{
    octet seen[SLOTS / 8];
    size_t compared = 0;
    section->head = head;
    section->count = 0;
    section->repeated = section->traits = 0;
    memset(section->meant, 0, sizeof section->meant);
    memset(section->times, 0, sizeof section->times);
    memset(seen, 0, sizeof seen);
    while (at < end) {
        if (*at == '\r') {
            return end - at == 2 && at[1] == '\n';
        }
        if (section->count == MAX_LINES) {
            return 0;
        }
        struct line *line = &section->lines[section->count++];
        const octet *start = at;
        unsigned hash = HASH_START;
        while (at < end && lower_token[*at]) {
            hash = HASH_STEP(hash, lower_token[*at]);
            at++;
        }
        if (at == start || at == end || *at != ':') {
            return 0;
        }
        const octet *cr = end_of_value(at + 1, end);
        if (cr == NULL) {
            return 0;
        }
        line->start = (unsigned)(start - head);
        line->name = (unsigned)(at - start);
        line->length = (unsigned)(cr - start);
        at = cr + 2;
        const struct entry *entry = slot_of(state, start, line->name, hash);
        if (entry->name == NULL) {
            line->known = (int)(hash | 0x80000000u);
            section->traits |= memchr(start, '_', line->name) ? UNDERSCORE : 0;
            int again = came_before(section, line, &compared, (size_t)(end - head));
            if (again < 0) {
                return 0;
            }
            section->repeated |= again;
            continue;
        }
        line->known = (int)(entry - state->names);
        section->traits |= entry->traits;
        section->repeated |= seen[line->known / 8] >> line->known % 8 & 1;
        seen[line->known / 8] |= (octet)(1 << line->known % 8);
        if (entry->meaning != NOTHING && section->times[entry->meaning]++ == 0) {
            section->meant[entry->meaning] = line;
        }
    }
    return 0;
}

/* A value without the white space around it. */
struct value { const octet *at, *end; };

static struct value
trimmed(const octet *at, const octet *end)
{
    while (at < end && (*at == ' ' || *at == '\t')) {
        at++;
    }
    while (at < end && (end[-1] == ' ' || end[-1] == '\t')) {
        end--;
    }
    return (struct value){at, end};
}

/* Tell what a lower-case name is made of. */
static int
traits_of(PyObject *name)
{
    const char *text = PyBytes_AsString(name);
    size_t length = (size_t)PyBytes_Size(name);
    int forwards = length >= 12 && memcmp(text, "x-forwarded-", 12) == 0;
    return (forwards ? FORWARDS : 0) | (memchr(text, '_', length) ? UNDERSCORE : 0);
}

static struct value
value_of(const octet *head, const struct line *line)
{
    return trimmed(head + line->start + line->name + 1, head + line->start + line->length);
}

/* Return the value of the first line that has a meaning; one without octets where there is none. */
static struct value
meant_value(const struct section *section, enum meaning meaning)
{
    const struct line *line = section->meant[meaning];
    return line == NULL ? (struct value){NULL, NULL} : value_of(section->head, line);
}

static int
is_in_any_case(struct value value, const char *text)
{
    Py_ssize_t length = (Py_ssize_t)strlen(text);
    if (value.end - value.at != length) {
        return 0;
    }
    for (Py_ssize_t i = 0; i < length; i++) {
        if (lower(value.at[i]) != (octet)text[i]) {
            return 0;
        }
    }
    return 1;
}

/* What the body's framing is, and what becomes of the connection. */
struct ends {
    enum { FRAMED_BY_NOTHING, SIZED_BODY, CHUNKED_BODY } framed;
    unsigned long long length;
    int persistent;
};

/* Read Content-Length, Transfer-Encoding and Connection (RFC 9112, 6.1 to 6.3 and 9.3); tell if they are plain, and
   Connection takes no field away but those that are for the next hop anyway. */
static int
scan_ends(const struct section *section, int minor, struct ends *ends)
{
    const struct line *length = section->meant[LENGTH], *coding = section->meant[CODING];
    const struct line *connection = section->meant[CONNECTION];
    /* A field that is named Close would be nominated by `Connection: close`. */
    if (section->times[LENGTH] + section->times[CODING] > 1 || section->times[CONNECTION] > 1 || section->times[CLOSE]) {
        return 0;
    }
    ends->framed = FRAMED_BY_NOTHING;
    ends->length = 0;
    if (length != NULL) {
        struct value value = value_of(section->head, length);
        Py_ssize_t digits = value.end - value.at;
        if (digits < 1 || digits > MAX_LENGTH_DIGITS) {
            return 0;
        }
        for (; value.at < value.end; value.at++) {
            if (!is_digit(*value.at)) {
                return 0;
            }
            ends->length = ends->length * 10 + (*value.at - '0');
        }
        ends->framed = SIZED_BODY;
    }
    if (coding != NULL) {
        if (minor == 0 || !is_in_any_case(value_of(section->head, coding), "chunked")) {
            return 0;
        }
        ends->framed = CHUNKED_BODY;
    }
    ends->persistent = minor == 1;
    if (connection != NULL) {
        struct value value = value_of(section->head, connection);
        ends->persistent = is_in_any_case(value, "keep-alive");
        return ends->persistent || is_in_any_case(value, "close");
    }
    return 1;
}

/* Tell whether a value is the name of a host, or an IPv4 address, with or without a port (`lower_host`). */
static int
is_host(struct value value)
{
    const octet *at = value.at;
    while (at < value.end && in_name_of_host[*at]) {
        at++;
    }
    if (at == value.at) {
        return 0;
    }
    if (at == value.end) {
        return 1;
    }
    if (*at != ':' || value.end - at > 6) {
        return 0;
    }
    long port = 0;
    for (at++; at < value.end; at++) {
        if (!is_digit(*at)) {
            return 0;
        }
        port = port * 10 + (*at - '0');
    }
    return port <= MAX_PORT;
}

struct request {
    struct value method, target;
    int minor;
    struct ends ends;
    struct section section;
};

/* Read method, target in origin-form and version; return what stands behind the line, NULL if it is another one. */
static const octet *
scan_request_line(const octet *at, const octet *end, struct request *request)
{
    request->method.at = at;
    while (at < end && lower_token[*at]) {
        at++;
    }
    request->method.end = at;
    Py_ssize_t method = at - request->method.at;
    if (method == 0 || at == end || *at != ' ') {
        return NULL;
    }
    if ((method == 7 && memcmp(request->method.at, "CONNECT", 7) == 0)
        || (method == 5 && memcmp(request->method.at, "TRACE", 5) == 0)) {
        return NULL;
    }
    request->target.at = ++at;
    if (at == end || *at != '/') {
        return NULL;
    }
    while (at < end && in_target[*at]) {
        at++;
    }
    request->target.end = at;
    if (end - at < 11 || memcmp(at, " HTTP/1.", 8) != 0 || (at[8] != '0' && at[8] != '1') || at[9] != '\r'
        || at[10] != '\n') {
        return NULL;
    }
    request->minor = at[8] - '0';
    return at + 11;
}

static int
scan_request(struct state *state, const octet *at, const octet *end, struct request *request)
{
    const octet *lines = scan_request_line(at, end, request);
    const struct section *section = &request->section;
    if (lines == NULL || !scan_section(state, at, lines, end, &request->section)
        || !scan_ends(section, request->minor, &request->ends)
        || section->times[TYPE] > 1 || section->times[EXPECT] > 0) {
        return 0;
    }
    if (section->times[HOST] == 0) {
        return request->minor == 0;
    }
    return section->times[HOST] == 1 && is_host(meant_value(section, HOST));
}

struct response {
    int minor, status;
    struct value phrase;
    struct ends ends;
    struct section section;
};

static int
scan_response(struct state *state, const octet *at, const octet *end, struct response *response)
{
    if (end - at < 13 || memcmp(at, "HTTP/1.", 7) != 0 || (at[7] != '0' && at[7] != '1') || at[8] != ' '
        || at[9] < '1' || at[9] > '5' || !is_digit(at[10]) || !is_digit(at[11]) || at[12] != ' ') {
        return 0;
    }
    response->minor = at[7] - '0';
    response->status = (at[9] - '0') * 100 + (at[10] - '0') * 10 + (at[11] - '0');
    response->phrase.at = at + 13;
    response->phrase.end = end_of_value(at + 13, end);
    return response->phrase.end != NULL && scan_section(state, at, response->phrase.end + 2, end, &response->section)
           && scan_ends(&response->section, response->minor, &response->ends);
}

/* ----------------------------------------------------------------------------------------------------------- Fields */

/* What `gateway.http1.fields.Fields` is, over the octets of a head: a line, or a name, is an object once it is asked
   for. */
struct fields {
    PyObject_VAR_HEAD
    PyObject *octets;                /* the whole head */
    PyObject *repeated;              /* as in Python */
    PyObject *names, *texts, *first; /* as `names`, `lines` and `first` in Python; NULL until they are asked for */
    struct line lines[];             /* as many as `count_of` says */
};

static struct fields *
as_fields(PyObject *object)
{
    return (struct fields *)object;
}

static Py_ssize_t
count_of(const struct fields *fields)
{
    return fields->ob_base.ob_size;
}

static const octet *
octets_of(const struct fields *fields)
{
    return (const octet *)PyBytes_AsString(fields->octets);
}

/* Return the first line from `from` on that has a lower-case name; -1: none has. */
static Py_ssize_t
line_of(const struct fields *fields, const char *name, Py_ssize_t length, Py_ssize_t from)
{
    const octet *octets = octets_of(fields);
    for (Py_ssize_t i = from; i < count_of(fields); i++) {
        const struct line *line = &fields->lines[i];
        Py_ssize_t at = 0;
        while (line->name == length && at < length && lower_token[octets[line->start + at]] == (octet)name[at]) {
            at++;
        }
        if (line->name == length && at == length) {
            return i;
        }
    }
    return -1;
}

/* The same for an object, which is no name unless it is octets. */
static Py_ssize_t
line_named(PyObject *self, PyObject *name, Py_ssize_t from)
{
    return PyBytes_CheckExact(name) ? line_of(as_fields(self), PyBytes_AsString(name), PyBytes_Size(name), from) : -1;
}

static PyObject *
name_of(PyObject *self, const struct line *line)
{
    const struct state *state = PyType_GetModuleState(Py_TYPE(self));
    return line->known < 0 ? lower_bytes(octets_of(as_fields(self)) + line->start, line->name)
                           : new_reference(state->names[line->known].name);
}

static PyObject *
text_of(PyObject *self, const struct line *line)
{
    const octet *start = octets_of(as_fields(self)) + line->start;
    return bytes_of(start, start + line->length);
}

/* Return a tuple of what `part` makes of each line. */
static PyObject *
each_line(PyObject *self, PyObject *(*part)(PyObject *, const struct line *))
{
    Py_ssize_t count = count_of(as_fields(self));
    PyObject *parts = PyTuple_New(count);
    for (Py_ssize_t i = 0; i < count && parts != NULL; i++) {
        PyObject *each = part(self, &as_fields(self)->lines[i]);
        if (each == NULL || PyTuple_SetItem(parts, i, each) < 0) {
            Py_CLEAR(parts);
        }
    }
    return parts;
}

/* Keep what was made, which is taken over, unless something that ran meanwhile has made the same. */
static void
keep(PyObject **part, PyObject *made)
{
    if (*part == NULL) {
        *part = made;
    }
    else {
        Py_XDECREF(made);
    }
}

static PyObject *
fields_names(PyObject *self, void *Py_UNUSED(closure))
{
    struct fields *fields = as_fields(self);
    if (fields->names == NULL) {
        keep(&fields->names, each_line(self, name_of));
    }
    return fields->names ? new_reference(fields->names) : NULL;
}

static PyObject *
fields_lines(PyObject *self, void *Py_UNUSED(closure))
{
    struct fields *fields = as_fields(self);
    if (fields->texts == NULL) {
        keep(&fields->texts, each_line(self, text_of));
    }
    return fields->texts ? new_reference(fields->texts) : NULL;
}

static PyObject *
fields_first(PyObject *self, void *Py_UNUSED(closure))
{
    struct fields *fields = as_fields(self);
    if (fields->first == NULL) {
        PyObject *names = fields_names(self, NULL), *first = names ? PyDict_New() : NULL;
        /* Back to front, so that the first line of a name is what stays. */
        for (Py_ssize_t i = count_of(fields) - 1; i >= 0 && first != NULL; i--) {
            PyObject *index = PyLong_FromSsize_t(i);
            if (index == NULL || PyDict_SetItem(first, PyTuple_GetItem(names, i), index) < 0) {
                Py_CLEAR(first);
            }
            Py_XDECREF(index);
        }
        Py_XDECREF(names);
        keep(&fields->first, first);
    }
    return fields->first ? new_reference(fields->first) : NULL;
}

/* Return the names that stand on more than one line. */
static PyObject *
repeated_names(PyObject *self)
{
    struct fields *fields = as_fields(self);
    PyObject *names = PySet_New(NULL);
    for (Py_ssize_t i = 1; i < count_of(fields) && names != NULL; i++) {
        for (Py_ssize_t before = 0; before < i; before++) {
            if (same_name(octets_of(fields), &fields->lines[before], &fields->lines[i])) {
                PyObject *name = name_of(self, &fields->lines[i]);
                if (name == NULL || PySet_Add(names, name) < 0) {
                    Py_CLEAR(names);
                }
                Py_XDECREF(name);
                break;
            }
        }
    }
    PyObject *repeated = names ? PyFrozenSet_New(names) : NULL;
    Py_XDECREF(names);
    return repeated;
}

static int
fields_contain(PyObject *self, PyObject *name)
{
    return line_named(self, name, 0) >= 0;
}

static struct value
value_at(PyObject *self, Py_ssize_t index)
{
    return value_of(octets_of(as_fields(self)), &as_fields(self)->lines[index]);
}

static PyObject *
fields_value(PyObject *self, PyObject *name)
{
    Py_ssize_t index = line_named(self, name, 0);
    if (index < 0) {
        return new_reference(Py_None);
    }
    struct value value = value_at(self, index);
    return bytes_of(value.at, value.end);
}

/* Add octets to a list; tell if that went well. */
static int
append(PyObject *list, const octet *at, const octet *end)
{
    PyObject *bytes = bytes_of(at, end);
    int failed = bytes == NULL || PyList_Append(list, bytes) < 0;
    Py_XDECREF(bytes);
    return !failed;
}

/* Return the values of all lines with a name, or, `apart`, the members of the lists that these are. */
static PyObject *
values_of(PyObject *self, PyObject *name, int apart)
{
    PyObject *list = PyList_New(0), *tuple = NULL;
    int good = list != NULL;
    for (Py_ssize_t i = line_named(self, name, 0); i >= 0 && good; i = line_named(self, name, i + 1)) {
        struct value value = value_at(self, i);
        if (!apart) {
            good = append(list, value.at, value.end);
        }
        while (apart && value.at < value.end && good) {
            const octet *comma = memchr(value.at, ',', (size_t)(value.end - value.at));
            struct value member = trimmed(value.at, comma ? comma : value.end);
            good = member.at == member.end || append(list, member.at, member.end);
            value.at = comma ? comma + 1 : value.end;
        }
    }
    if (good) {
        tuple = PyList_AsTuple(list);
    }
    Py_XDECREF(list);
    return tuple;
}

static PyObject *
fields_values(PyObject *self, PyObject *name)
{
    return values_of(self, name, 0);
}

static PyObject *
fields_items(PyObject *self, PyObject *name)
{
    return values_of(self, name, 1);
}

static PyObject *
fields_repr(PyObject *self)
{
    PyObject *names = fields_names(self, NULL), *lines = fields_lines(self, NULL), *first = fields_first(self, NULL);
    PyObject *text = NULL;
    if (names != NULL && lines != NULL && first != NULL) {
        text = PyUnicode_FromFormat("Fields(names=%R, lines=%R, first=%R, repeated=%R)", names, lines, first,
                                    as_fields(self)->repeated);
    }
    Py_XDECREF(names);
    Py_XDECREF(lines);
    Py_XDECREF(first);
    return text;
}

/* Equal is what has the same lines, in whichever language. */
static PyObject *
fields_compare(PyObject *self, PyObject *other, int how)
{
    struct state *state = PyType_GetModuleState(Py_TYPE(self));
    if ((how != Py_EQ && how != Py_NE)
        || (!Py_IS_TYPE(other, Py_TYPE(self)) && !Py_IS_TYPE(other, (PyTypeObject *)state->objects[FIELDS_TWIN]))) {
        return new_reference(Py_NotImplemented);
    }
    PyObject *lines = fields_lines(self, NULL), *others = attribute(other, "lines");
    PyObject *result = lines && others ? PyObject_RichCompare(lines, others, how) : NULL;
    Py_XDECREF(lines);
    Py_XDECREF(others);
    return result;
}

static void
fields_free(PyObject *self)
{
    struct fields *fields = as_fields(self);
    PyTypeObject *type = Py_TYPE(self);
    freefunc release = (freefunc)PyType_GetSlot(type, Py_tp_free);
    Py_XDECREF(fields->octets);
    Py_XDECREF(fields->repeated);
    Py_XDECREF(fields->names);
    Py_XDECREF(fields->texts);
    Py_XDECREF(fields->first);
    release(self);
    Py_DECREF((PyObject *)type);
}

static PyMethodDef fields_methods[] = {
    {"value", fields_value, METH_O, "Do what `gateway.http1.fields.Fields.value` does."},
    {"values", fields_values, METH_O, "Do what `gateway.http1.fields.Fields.values` does."},
    {"items", fields_items, METH_O, "Do what `gateway.http1.fields.Fields.items` does."},
    {NULL, NULL, 0, NULL},
};

static PyMemberDef fields_members[] = {
    {"repeated", T_OBJECT_EX, offsetof(struct fields, repeated), READONLY, NULL},
    {NULL, 0, 0, 0, NULL},
};

/* Return an empty list: C does not need what was kept, and Python may write a head that C has read. */
static PyObject *
fields_kept(PyObject *Py_UNUSED(self), void *Py_UNUSED(closure))
{
    return PyList_New(0);
}

static PyGetSetDef fields_parts[] = {
    {"names", fields_names, NULL, NULL, NULL},
    {"lines", fields_lines, NULL, NULL, NULL},
    {"first", fields_first, NULL, NULL, NULL},
    {"kept", fields_kept, NULL, NULL, NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static char fields_doc[] = "The field lines of one head, as `gateway.http1.fields.Fields`.";

static PyType_Slot fields_slots[] = {
    {Py_tp_doc, fields_doc},
    {Py_tp_dealloc, fields_free},
    {Py_tp_repr, fields_repr},
    {Py_tp_richcompare, fields_compare},
    {Py_tp_hash, PyObject_HashNotImplemented},
    {Py_tp_methods, fields_methods},
    {Py_tp_members, fields_members},
    {Py_tp_getset, fields_parts},
    {Py_sq_contains, fields_contain},
    {0, NULL},
};

/* It refers to octets and numbers only, so that no cycle can come of it. */
static PyType_Spec fields_type = {
    .name = "gateway.http1.compiled.Fields",
    .basicsize = offsetof(struct fields, lines),
    .itemsize = sizeof(struct line),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = fields_slots,
};

/* ------------------------------------------------------------------------------------------------------- heads read */

/* Read the limits of heads into `bounds`, which has the last ones; tell if they are limits. */
static int
read_limits(struct state *state, PyObject *limits, struct bounds *bounds)
{
    static const char *const names[] = {"octets", "line", "target", "lines"};
    Py_ssize_t numbers[COUNT_OF(names)];
    if (bounds->limits == limits) {
        return 1;
    }
    if (Py_TYPE(limits) != Py_TYPE(state->objects[DEFAULT_LIMITS])) {
        return 0;
    }
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        PyObject *number = attribute(limits, names[i]);
        numbers[i] = number ? PyLong_AsSsize_t(number) : -1;
        Py_XDECREF(number);
        if (PyErr_Occurred()) {
            PyErr_Clear();
            return 0;
        }
    }
    Py_INCREF(limits);
    Py_XDECREF(bounds->limits);
    bounds->limits = limits;
    bounds->octets = Py_MIN(numbers[0], Py_MIN(numbers[1], numbers[2])); /* no part of a head is longer than it */
    bounds->lines = numbers[3];
    return 1;
}

/* Return the lines of a head as Fields. */
static PyObject *
make_fields(struct state *state, PyObject *octets, const struct section *section)
{
    PyTypeObject *type = (PyTypeObject *)state->objects[FIELDS];
    struct fields *fields = (struct fields *)PyType_GenericAlloc(type, section->count);
    if (fields == NULL) {
        return NULL;
    }
    fields->octets = new_reference(octets);
    memcpy(fields->lines, section->lines, (size_t)section->count * sizeof(struct line));
    fields->repeated =
        section->repeated ? repeated_names((PyObject *)fields) : new_reference(state->objects[NONE_REPEATED]);
    if (fields->repeated == NULL) {
        Py_DECREF((PyObject *)fields);
        return NULL;
    }
    return (PyObject *)fields;
}

/* Return the framing of a body; `otherwise` stands for none. */
static PyObject *
make_framing(struct state *state, const struct ends *ends, enum object otherwise)
{
    if (ends->framed == CHUNKED_BODY) {
        return new_reference(state->objects[CHUNKED]);
    }
    if (ends->framed == SIZED_BODY) {
        PyObject *parts[] = {new_reference(state->objects[KIND_SIZED]), PyLong_FromUnsignedLongLong(ends->length)};
        return make(state, FRAMING, FRAMING_KIND, parts, COUNT_OF(parts));
    }
    return new_reference(state->objects[otherwise]);
}

/* Tell whether nothing in a request calls for a second look, as `_is_plain` in head.py. */
static int
is_plain(const struct section *section, struct value origin)
{
    if (section->repeated || section->traits & (RARE_ONE | UNDERSCORE)) {
        return 0;
    }
    if (origin.at < origin.end && (memchr(origin.at, ',', (size_t)(origin.end - origin.at)) || origin.end[-1] == '/')) {
        return 0;
    }
    struct value credentials = meant_value(section, AUTHORIZATION);
    if (credentials.at == NULL) {
        return 1;
    }
    struct value scheme = {credentials.at, credentials.at};
    while (scheme.end < credentials.end && *scheme.end != ' ') {
        scheme.end++;
    }
    return is_in_any_case(scheme, "basic") || is_in_any_case(scheme, "bearer");
}

/* Return a request's head, NULL where its octets are the twin's to look at, or where an error is set. */
static PyObject *
request_head(struct state *state, PyObject *octets, const struct bounds *bounds)
{
    struct request request;
    const octet *at = (const octet *)PyBytes_AsString(octets);
    Py_ssize_t size = PyBytes_Size(octets);
    if (size > Py_MIN(bounds->octets, MAX_HEAD_OCTETS) || !scan_request(state, at, at + size, &request)
        || request.section.count > bounds->lines) {
        return NULL;
    }
    struct value host = meant_value(&request.section, HOST), origin = meant_value(&request.section, ORIGIN);
    PyObject *parts[] = {
        bytes_of(request.method.at, request.method.end),
        bytes_of(request.target.at, request.target.end),
        PyLong_FromLong(request.minor),
        make_fields(state, octets, &request.section),
        host.at ? lower_bytes(host.at, host.end - host.at) : new_reference(Py_None),
        make_framing(state, &request.ends, NO_BODY),
        truth(request.ends.persistent),
        truth(0),
        origin.at ? bytes_of(origin.at, origin.end) : new_reference(Py_None),
        truth(is_plain(&request.section, origin)),
    };
    return make(state, REQUEST_HEAD, REQUEST_METHOD, parts, COUNT_OF(parts));
}

/* The same of a response to a request with `method`. */
static PyObject *
response_head(struct state *state, PyObject *octets, PyObject *method, const struct bounds *bounds)
{
    struct response response;
    const octet *at = (const octet *)PyBytes_AsString(octets);
    Py_ssize_t size = PyBytes_Size(octets);
    if (size > Py_MIN(bounds->octets, MAX_HEAD_OCTETS) || !scan_response(state, at, at + size, &response)
        || response.section.count > bounds->lines) {
        return NULL;
    }
    int status = response.status;
    int to_head = PyBytes_Size(method) == 4 && memcmp(PyBytes_AsString(method), "HEAD", 4) == 0;
    int bodyless = status < 200 || status == 204 || status == 304 || to_head;
    int until_close = !bodyless && response.ends.framed == FRAMED_BY_NOTHING;
    PyObject *parts[] = {
        PyLong_FromLong(response.minor),
        PyLong_FromLong(status),
        bytes_of(response.phrase.at, response.phrase.end),
        make_fields(state, octets, &response.section),
        bodyless ? new_reference(state->objects[NO_BODY]) : make_framing(state, &response.ends, UNTIL_CLOSE),
        truth(response.ends.persistent && !until_close),
    };
    return make(state, RESPONSE_HEAD, RESPONSE_MINOR, parts, COUNT_OF(parts));
}

PyDoc_STRVAR(parse_request_head_doc,
"parse_request_head(octets, limits=DEFAULT_HEAD_LIMITS, /)\n--\n\nDo what `gateway.http1.head.parse_request_head` does.");

static PyObject *
parse_request_head(PyObject *module, PyObject *const *args, Py_ssize_t count)
{
    struct state *state = PyModule_GetState(module);
    PyObject *head = NULL;
    if (count >= 1 && count <= 2 && PyBytes_CheckExact(args[0])
        && read_limits(state, count == 2 ? args[1] : state->objects[DEFAULT_LIMITS], &state->of_requests)) {
        head = request_head(state, args[0], &state->of_requests);
    }
    return head || PyErr_Occurred() ? head : ask_twin(state->objects[TWIN_PARSE_REQUEST], args, count, NULL);
}

PyDoc_STRVAR(parse_response_head_doc,
"parse_response_head(octets, method, limits=DEFAULT_HEAD_LIMITS, /)\n--\n\n"
"Do what `gateway.http1.head.parse_response_head` does.");

static PyObject *
parse_response_head(PyObject *module, PyObject *const *args, Py_ssize_t count)
{
    struct state *state = PyModule_GetState(module);
    PyObject *head = NULL;
    if (count >= 2 && count <= 3 && PyBytes_CheckExact(args[0]) && PyBytes_CheckExact(args[1])
        && read_limits(state, count == 3 ? args[2] : state->objects[DEFAULT_LIMITS], &state->of_responses)) {
        head = response_head(state, args[0], args[1], &state->of_responses);
    }
    return head || PyErr_Occurred() ? head : ask_twin(state->objects[TWIN_PARSE_RESPONSE], args, count, NULL);
}

/* Return how long the head at the beginning of some octets is, its empty line included; 0: there is no whole one. */
static Py_ssize_t
length_of_head(const octet *octets, Py_ssize_t size)
{
    const octet *end = octets + size;
    for (const octet *at = octets; (at = memchr(at, '\n', (size_t)(end - at))) != NULL; at++) {
        if (at - octets >= 3 && at[-1] == '\r' && at[-2] == '\n' && at[-3] == '\r') {
            return at + 1 - octets;
        }
    }
    return 0;
}

/* Return (head, octets behind it), None where that is for the long way; `method` is NULL for a request. */
static PyObject *
begin(struct state *state, PyObject *data, PyObject *method, const struct bounds *bounds)
{
    const octet *octets = (const octet *)PyBytes_AsString(data);
    Py_ssize_t size = PyBytes_Size(data), length = length_of_head(octets, Py_MIN(size, bounds->octets));
    if (length == 0) {
        return new_reference(Py_None);
    }
    PyObject *own = length == size ? new_reference(data) : bytes_of(octets, octets + length);
    PyObject *head = NULL, *rest = NULL, *both = NULL;
    if (own != NULL) {
        head = method ? response_head(state, own, method, bounds) : request_head(state, own, bounds);
    }
    if (head != NULL) {
        rest = bytes_of(octets + length, octets + size);
    }
    if (rest != NULL) {
        both = PyTuple_Pack(2, head, rest);
    }
    else if (!PyErr_Occurred()) {
        both = new_reference(Py_None);
    }
    Py_XDECREF(own);
    Py_XDECREF(head);
    Py_XDECREF(rest);
    return both;
}

/* Tell whether an object is what `LastHead` in head.py is. */
static int
is_last_head(struct state *state, PyObject *last)
{
    return PyTuple_CheckExact(last) && PyTuple_Size(last) == 2 && PyBytes_CheckExact(PyTuple_GetItem(last, 0))
           && Py_IS_TYPE(PyTuple_GetItem(last, 1), (PyTypeObject *)state->objects[REQUEST_HEAD]);
}

/* Tell whether a part of a value is these octets; no, too, where an error is set. */
static int
says(struct state *state, enum object part, PyObject *of, struct value octets)
{
    PyObject *bytes = get(state, part, of);
    size_t length = (size_t)(octets.end - octets.at);
    int same = bytes && PyBytes_CheckExact(bytes) && (size_t)PyBytes_Size(bytes) == length
               && memcmp(PyBytes_AsString(bytes), octets.at, length) == 0;
    Py_XDECREF(bytes);
    return same;
}

/* Return a request's head that differs in its target only. */
static PyObject *
with_target(struct state *state, PyObject *head, struct value target)
{
    PyObject *parts[REQUEST_PLAIN - REQUEST_METHOD + 1];
    for (int i = 0; i < (int)COUNT_OF(parts); i++) {
        int other = REQUEST_METHOD + i == REQUEST_TARGET;
        parts[i] = other ? bytes_of(target.at, target.end) : get(state, REQUEST_METHOD + i, head);
    }
    return make(state, REQUEST_HEAD, REQUEST_METHOD, parts, COUNT_OF(parts));
}

/* Return the same of a request that has method, version and lines of one that was taken, and may have another target;
   NULL where it differs in more, or where an error is set. */
static PyObject *
head_again(struct state *state, PyObject *data, PyObject *last, const struct bounds *bounds)
{
    PyObject *lines = PyTuple_GetItem(last, 0), *head = PyTuple_GetItem(last, 1);
    const octet *octets = (const octet *)PyBytes_AsString(data);
    Py_ssize_t size = PyBytes_Size(data), length = PyBytes_Size(lines);
    const octet *lf = memchr(octets, '\n', (size_t)size);
    if (lf == NULL) {
        return NULL;
    }
    struct request request;
    if (octets + size - lf < length || memcmp(lf, PyBytes_AsString(lines), (size_t)length) != 0
        || lf - octets + length > bounds->octets || scan_request_line(octets, lf + 1, &request) != lf + 1) {
        return NULL;
    }
    PyObject *minor = get(state, REQUEST_MINOR, head), *fields = get(state, REQUEST_FIELDS, head);
    int same = minor && fields && PyLong_CheckExact(minor) && PyLong_AsLong(minor) == request.minor
               && Py_IS_TYPE(fields, (PyTypeObject *)state->objects[FIELDS])
               && count_of(as_fields(fields)) <= bounds->lines && says(state, REQUEST_METHOD, head, request.method);
    Py_XDECREF(minor);
    Py_XDECREF(fields);
    if (!same) {
        return NULL;
    }
    int same_target = says(state, REQUEST_TARGET, head, request.target);
    if (PyErr_Occurred()) {
        return NULL;
    }
    PyObject *made = same_target ? new_reference(head) : with_target(state, head, request.target);
    PyObject *rest = made ? bytes_of(lf + length, octets + size) : NULL;
    PyObject *both = rest ? PyTuple_Pack(2, made, rest) : NULL;
    Py_XDECREF(made);
    Py_XDECREF(rest);
    return both;
}

PyDoc_STRVAR(begin_request_doc,
"begin_request(data, limits, last=None, /)\n--\n\nDo what `gateway.http1.head.begin_request` does.");

static PyObject *
begin_request(PyObject *module, PyObject *const *args, Py_ssize_t count)
{
    struct state *state = PyModule_GetState(module);
    PyObject *last = count == 3 && args[2] != Py_None ? args[2] : NULL;
    if (count < 2 || count > 3 || !PyBytes_CheckExact(args[0]) || (last && !is_last_head(state, last))
        || !read_limits(state, args[1], &state->of_requests)) {
        return ask_twin(state->objects[TWIN_BEGIN_REQUEST], args, count, NULL);
    }
    PyObject *repeated = last ? head_again(state, args[0], last, &state->of_requests) : NULL;
    if (repeated != NULL || PyErr_Occurred()) {
        return repeated;
    }
    return begin(state, args[0], NULL, &state->of_requests);
}

PyDoc_STRVAR(begin_response_doc,
"begin_response(data, method, limits, /)\n--\n\nDo what `gateway.http1.head.begin_response` does.");

static PyObject *
begin_response(PyObject *module, PyObject *const *args, Py_ssize_t count)
{
    struct state *state = PyModule_GetState(module);
    if (count != 3 || !PyBytes_CheckExact(args[0]) || !PyBytes_CheckExact(args[1])
        || !read_limits(state, args[2], &state->of_responses)) {
        return ask_twin(state->objects[TWIN_BEGIN_RESPONSE], args, count, NULL);
    }
    return begin(state, args[0], args[1], &state->of_responses);
}

PyDoc_STRVAR(path_of_doc, "path_of(target, /)\n--\n\nDo what `gateway.http1.target.path_of` does.");

static PyObject *
path_of(PyObject *module, PyObject *target)
{
    (void)module;
    char *at;
    Py_ssize_t size;
    if (PyBytes_AsStringAndSize(target, &at, &size) < 0) {
        return NULL;
    }
    const char *query = memchr(at, '?', (size_t)size);
    return query == NULL ? new_reference(target) : PyBytes_FromStringAndSize(at, query - at);
}

/* ---------------------------------------------------------------------------------------------------- heads written */

struct piece { const char *at; Py_ssize_t length; };

/* What a head is put together from: up to eight pieces before its lines, one a line, six behind them. */
struct pieces { struct piece all[MAX_LINES + 14]; int count, overflow; };

static void
add(struct pieces *pieces, const char *at, Py_ssize_t length)
{
    if (length && pieces->count < (int)COUNT_OF(pieces->all)) {
        pieces->all[pieces->count++] = (struct piece){at, length};
    }
    else if (length) {
        pieces->overflow = 1;
    }
}

static void
add_text(struct pieces *pieces, const char *text)
{
    add(pieces, text, (Py_ssize_t)strlen(text));
}

static void
add_bytes(struct pieces *pieces, PyObject *bytes)
{
    add(pieces, PyBytes_AsString(bytes), PyBytes_Size(bytes));
}

static PyObject *
joined(const struct pieces *pieces)
{
    Py_ssize_t length = 0;
    if (pieces->overflow) { /* there is room for all that is added; were it not so, no half a head may go out */
        PyErr_SetString(PyExc_SystemError, "too many pieces of a head");
        return NULL;
    }
    for (int i = 0; i < pieces->count; i++) {
        if (pieces->all[i].length > PY_SSIZE_T_MAX - length) {
            return PyErr_NoMemory();
        }
        length += pieces->all[i].length;
    }
    PyObject *bytes = PyBytes_FromStringAndSize(NULL, length);
    if (bytes != NULL) {
        char *to = PyBytes_AsString(bytes);
        for (int i = 0; i < pieces->count; i++) {
            memcpy(to, pieces->all[i].at, (size_t)pieces->all[i].length);
            to += pieces->all[i].length;
        }
    }
    return bytes;
}

/* The parts of a head and of a change that are written from; all owned, NULL while not read. */
enum source { DROPPED, PREFIXES, ADDED, FIELDS_OF_HEAD, BODY_KIND, BODY_LENGTH, START_1, START_2, SOURCES };

static void
let_go(PyObject **sources)
{
    for (int i = 0; i < SOURCES; i++) {
        Py_XDECREF(sources[i]);
    }
}

/* All functions from here to `kept_lines` answer: 1, it is as expected; 0, the twin has to see to it; -1, an error. */

static int
read_parts(struct state *state, PyObject *value, PyObject **to, const enum object *parts, int count)
{
    for (int i = 0; i < count; i++) {
        to[i] = get(state, parts[i], value);
        if (to[i] == NULL) {
            return -1;
        }
    }
    return 1;
}

static int
read_sources(struct state *state, PyObject *change, PyObject *body, PyObject **sources)
{
    static const enum object of_change[] = {CHANGE_DROPPED, CHANGE_PREFIXES, CHANGE_ADDED};
    static const enum object of_body[] = {FRAMING_KIND, FRAMING_LENGTH};
    if (!Py_IS_TYPE(sources[FIELDS_OF_HEAD], (PyTypeObject *)state->objects[FIELDS])
        || !Py_IS_TYPE(change, (PyTypeObject *)state->objects[CHANGE])
        || !Py_IS_TYPE(body, (PyTypeObject *)state->objects[FRAMING])) {
        return 0;
    }
    if (read_parts(state, change, sources + DROPPED, of_change, 3) < 0
        || read_parts(state, body, sources + BODY_KIND, of_body, 2) < 0) {
        return -1;
    }
    if (!PyFrozenSet_CheckExact(sources[DROPPED]) || !PyTuple_CheckExact(sources[PREFIXES])
        || !PyBytes_CheckExact(sources[ADDED])) {
        return 0;
    }
    for (Py_ssize_t i = 0; i < PyTuple_Size(sources[PREFIXES]); i++) {
        if (!PyBytes_CheckExact(PyTuple_GetItem(sources[PREFIXES], i))) {
            return 0;
        }
    }
    return 1;
}

static int
begins_with(PyObject *name, const char *prefix, Py_ssize_t length)
{
    return PyBytes_Size(name) >= length && memcmp(PyBytes_AsString(name), prefix, (size_t)length) == 0;
}

/* Tell whether a change drops a name. */
static int
is_dropped(PyObject *name, PyObject **sources)
{
    int gone = PySet_Contains(sources[DROPPED], name);
    for (Py_ssize_t i = 0; i < PyTuple_Size(sources[PREFIXES]) && gone == 0; i++) {
        PyObject *prefix = PyTuple_GetItem(sources[PREFIXES], i);
        gone = begins_with(name, PyBytes_AsString(prefix), PyBytes_Size(prefix));
    }
    return gone;
}

static int
is_same(PyObject *one, PyObject *other)
{
    return one == other ? 1 : PyObject_RichCompareBool(one, other, Py_EQ);
}

/* Find which of the table's names a change drops, if it was asked for before; NULL: they have to be looked up. */
static int
find_drop(struct state *state, PyObject **sources, const struct drop **found)
{
    *found = NULL;
    Py_hash_t hash = PyObject_Hash(sources[DROPPED]); /* which a frozenset keeps */
    if (hash == -1) {
        return -1;
    }
    struct drop *drop = &state->drops[(size_t)hash & (REMEMBERED - 1)];
    int same = drop->dropped ? is_same(drop->dropped, sources[DROPPED]) : 0;
    if (same == 1) {
        same = is_same(drop->prefixes, sources[PREFIXES]);
    }
    if (same != 0) {
        *found = drop;
        return same;
    }
    if (drop->seen != hash) { /* most likely made for this response only */
        drop->seen = hash;
        return 1;
    }
    Py_CLEAR(drop->dropped);
    Py_CLEAR(drop->prefixes);
    memset(drop->gone, 0, sizeof drop->gone);
    for (int slot = 0; slot < SLOTS; slot++) {
        int gone = state->names[slot].name ? is_dropped(state->names[slot].name, sources) : 0;
        if (gone < 0) {
            return -1;
        }
        drop->gone[slot / 8] |= (octet)(gone << slot % 8);
    }
    drop->dropped = new_reference(sources[DROPPED]);
    drop->prefixes = new_reference(sources[PREFIXES]);
    *found = drop;
    return 1;
}

/* Add the lines that go on, as `_kept_lines` in outgoing.py; those that stand side by side as one piece. Connection
   takes none away: where it does, there are no such fields (`scan_ends`). */
static int
kept_lines(struct state *state, PyObject **sources, int left_out, struct pieces *pieces)
{
    const struct fields *fields = (const struct fields *)sources[FIELDS_OF_HEAD];
    const char *octets = PyBytes_AsString(fields->octets);
    const struct drop *drop;
    if (find_drop(state, sources, &drop) < 0) {
        return -1;
    }
    struct piece run = {octets, 0};
    for (Py_ssize_t i = 0; i < count_of(fields); i++) {
        const struct line *line = &fields->lines[i];
        const struct entry *entry = line->known < 0 ? NULL : &state->names[line->known];
        int gone;
        if (entry == NULL) {
            PyObject *name = lower_bytes((const octet *)octets + line->start, line->name);
            if (name == NULL) {
                return -1;
            }
            gone = traits_of(name) & left_out ? 1 : is_dropped(name, sources);
            Py_DECREF(name);
        }
        else if (entry->traits & left_out) {
            gone = 1;
        }
        else {
            gone = drop ? drop->gone[line->known / 8] >> line->known % 8 & 1 : is_dropped(entry->name, sources);
        }
        if (gone < 0) {
            return -1;
        }
        if (!gone) {
            if (run.at + run.length != octets + line->start) {
                add(pieces, run.at, run.length);
                run = (struct piece){octets + line->start, 0};
            }
            run.length += line->length + 2;
        }
    }
    add(pieces, run.at, run.length);
    return 1;
}

#define FRAMING_OCTETS 48 /* of a framing line: `Content-Length: ` and at most 20 digits */

/* Write the framing line of a body into `to`; nothing for one that has none. */
static int
write_framing(struct state *state, PyObject **sources, char *to)
{
    to[0] = '\0';
    if (sources[BODY_KIND] == state->objects[KIND_CHUNKED]) {
        strcpy(to, "Transfer-Encoding: chunked\r\n");
    }
    else if (sources[BODY_KIND] == state->objects[KIND_SIZED]) {
        if (!PyLong_CheckExact(sources[BODY_LENGTH])) {
            return 0;
        }
        unsigned long long length = PyLong_AsUnsignedLongLong(sources[BODY_LENGTH]);
        if (length == (unsigned long long)-1 && PyErr_Occurred()) {
            PyErr_Clear(); /* less than nothing, or more than any parser takes */
            return 0;
        }
        char digits[24], *at = digits + sizeof digits;
        do {
            *--at = (char)('0' + length % 10);
            length /= 10;
        } while (length);
        memcpy(to, "Content-Length: ", 16);
        memcpy(to + 16, at, (size_t)(digits + sizeof digits - at));
        strcpy(to + 16 + (digits + sizeof digits - at), "\r\n");
    }
    return 1;
}

/* Tell whether a call was written as the twin's signature has it: one positional argument, these keywords, this order. */
static int
is_call_with(PyObject *keywords, Py_ssize_t count, const char *const *names, Py_ssize_t named)
{
    if (count != 1 || keywords == NULL || PyTuple_Size(keywords) != named) {
        return 0;
    }
    for (Py_ssize_t i = 0; i < named; i++) {
        if (PyUnicode_CompareWithASCIIString(PyTuple_GetItem(keywords, i), names[i]) != 0) {
            return 0;
        }
    }
    return 1;
}

PyDoc_STRVAR(request_octets_doc,
"request_octets(head, /, *, target, host, change, own)\n--\n\nDo what `gateway.http1.outgoing.request_octets` does.");

static PyObject *
request_octets(PyObject *module, PyObject *const *args, Py_ssize_t count, PyObject *keywords)
{
    static const char *const names[] = {"target", "host", "change", "own"};
    struct state *state = PyModule_GetState(module);
    PyObject *sources[SOURCES] = {NULL}, *body = NULL, *octets = NULL;
    struct pieces pieces;
    pieces.count = pieces.overflow = 0;
    char framing[FRAMING_OCTETS];
    int plain = is_call_with(keywords, count, names, COUNT_OF(names))
                && Py_IS_TYPE(args[0], (PyTypeObject *)state->objects[REQUEST_HEAD])
                && PyBytes_CheckExact(args[1]) && PyBytes_CheckExact(args[2]) && PyBytes_CheckExact(args[4]);
    if (plain == 1) {
        sources[START_1] = get(state, REQUEST_METHOD, args[0]);
        sources[FIELDS_OF_HEAD] = get(state, REQUEST_FIELDS, args[0]);
        body = get(state, REQUEST_BODY, args[0]);
        plain = !sources[START_1] || !sources[FIELDS_OF_HEAD] || !body ? -1 : PyBytes_CheckExact(sources[START_1]);
    }
    if (plain == 1) {
        plain = read_sources(state, args[3], body, sources);
    }
    if (plain == 1) {
        add_bytes(&pieces, sources[START_1]);
        add_text(&pieces, " ");
        add_bytes(&pieces, args[1]);
        add_text(&pieces, " HTTP/1.1\r\nHost: ");
        add_bytes(&pieces, args[2]);
        add_text(&pieces, "\r\n");
        plain = kept_lines(state, sources, LEFT_OUT_OF_REQUESTS | FORWARDS | UNDERSCORE, &pieces);
    }
    if (plain == 1) {
        plain = write_framing(state, sources, framing);
    }
    if (plain == 1) {
        add_bytes(&pieces, sources[ADDED]);
        add_bytes(&pieces, args[4]);
        add_text(&pieces, framing);
        add_text(&pieces, "\r\n");
        octets = joined(&pieces);
    }
    let_go(sources);
    Py_XDECREF(body);
    return plain ? octets : ask_twin(state->objects[TWIN_REQUEST], args, count, keywords);
}

PyDoc_STRVAR(response_octets_doc,
"response_octets(head, /, *, body, close, minor, change, own)\n--\n\n"
"Do what `gateway.http1.outgoing.response_octets` does.");

static PyObject *
response_octets(PyObject *module, PyObject *const *args, Py_ssize_t count, PyObject *keywords)
{
    static const char *const names[] = {"body", "close", "minor", "change", "own"};
    struct state *state = PyModule_GetState(module);
    PyObject *sources[SOURCES] = {NULL}, *octets = NULL;
    struct pieces pieces;
    pieces.count = pieces.overflow = 0;
    char start[sizeof "HTTP/1.1 200 "], framing[FRAMING_OCTETS];
    long minor = 0, status = 0;
    int plain = is_call_with(keywords, count, names, COUNT_OF(names))
                && Py_IS_TYPE(args[0], (PyTypeObject *)state->objects[RESPONSE_HEAD]) && PyBool_Check(args[2])
                && PyLong_CheckExact(args[3]) && PyBytes_CheckExact(args[5]);
    if (plain == 1) {
        sources[START_1] = get(state, RESPONSE_STATUS, args[0]);
        sources[START_2] = get(state, RESPONSE_PHRASE, args[0]);
        sources[FIELDS_OF_HEAD] = get(state, RESPONSE_FIELDS, args[0]);
        plain = !sources[START_1] || !sources[START_2] || !sources[FIELDS_OF_HEAD]
                    ? -1
                    : PyLong_CheckExact(sources[START_1]) && PyBytes_CheckExact(sources[START_2]);
    }
    if (plain == 1) {
        status = PyLong_AsLong(sources[START_1]);
        minor = PyLong_AsLong(args[3]);
        if (PyErr_Occurred()) {
            PyErr_Clear();
            plain = 0;
        }
        plain = plain && status >= 100 && status <= 999;
    }
    if (plain == 1) {
        plain = read_sources(state, args[4], args[1], sources);
    }
    if (plain == 1) {
        PyObject *kind = sources[BODY_KIND];
        int chunked = kind == state->objects[KIND_CHUNKED], none = kind == state->objects[KIND_NONE];
        /* A chunked body for HTTP/1.0 is the twin's to refuse, and the length of what is not sent its to tell. */
        int length = none && line_of(as_fields(sources[FIELDS_OF_HEAD]), "content-length", 14, 0) >= 0;
        plain = !length && !(chunked && minor == 0);
    }
    if (plain == 1) {
        memcpy(start, "HTTP/1.1 200 ", sizeof start);
        for (int i = 11; i > 8; i--, status /= 10) {
            start[i] = (char)('0' + status % 10);
        }
        add_text(&pieces, start);
        add_bytes(&pieces, sources[START_2]);
        add_text(&pieces, "\r\n");
        plain = kept_lines(state, sources, LEFT_OUT_OF_RESPONSES, &pieces);
    }
    if (plain == 1) {
        plain = write_framing(state, sources, framing);
    }
    if (plain == 1) {
        add_bytes(&pieces, sources[ADDED]);
        add_bytes(&pieces, args[5]);
        add_text(&pieces, framing);
        if (args[2] == Py_True || sources[BODY_KIND] == state->objects[KIND_UNTIL_CLOSE]) {
            add_text(&pieces, "Connection: close\r\n");
        }
        else if (minor == 0) {
            add_text(&pieces, "Connection: keep-alive\r\n");
        }
        add_text(&pieces, "\r\n");
        octets = joined(&pieces);
    }
    let_go(sources);
    return plain ? octets : ask_twin(state->objects[TWIN_RESPONSE], args, count, keywords);
}

/* ----------------------------------------------------------------------------------------------------------- chunks */

/* Where a scan of chunks is; `left` as in `scan_chunks`. */
struct place { Py_ssize_t at; unsigned long long left; };

static int
hex_digit(octet c)
{
    if (is_digit(c)) {
        return c - '0';
    }
    c = lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Go on through chunks as far as their lines are plain, and return how many octets of data that was; they are copied to
   `to`, unless that is NULL. */
static Py_ssize_t
walk_chunks(const octet *data, Py_ssize_t size, struct place *place, char *to)
{
    Py_ssize_t taken = 0;
    for (;;) {
        if (place->left > 2) {
            Py_ssize_t length = size - place->at;
            if ((unsigned long long)length > place->left - 2) {
                length = (Py_ssize_t)(place->left - 2);
            }
            if (to != NULL) {
                memcpy(to + taken, data + place->at, (size_t)length);
            }
            taken += length;
            place->at += length;
            place->left -= (unsigned long long)length;
        }
        if (place->left) {
            if (place->left > 2 || size - place->at < 2 || data[place->at] != '\r' || data[place->at + 1] != '\n') {
                return taken;
            }
            place->at += 2;
            place->left = 0;
        }
        unsigned long long number = 0;
        Py_ssize_t at = place->at;
        int digit;
        while (at < size && at - place->at < MAX_SIZE_DIGITS && (digit = hex_digit(data[at])) >= 0) {
            number = number * 16 + (unsigned)digit;
            at++;
        }
        if (number == 0 || size - at < 2 || data[at] != '\r' || data[at + 1] != '\n') {
            return taken;
        }
        place->at = at + 2;
        place->left = number + 2;
    }
}

PyDoc_STRVAR(scan_chunks_doc,
"scan_chunks(data, at, left, /)\n--\n\nDo what `gateway.http1.framing.scan_chunks` does.");

static PyObject *
scan_chunks(PyObject *module, PyObject *const *args, Py_ssize_t count)
{
    struct state *state = PyModule_GetState(module);
    if (count != 3 || !PyBytes_CheckExact(args[0]) || !PyLong_CheckExact(args[1]) || !PyLong_CheckExact(args[2])) {
        return ask_twin(state->objects[TWIN_CHUNKS], args, count, NULL);
    }
    const octet *data = (const octet *)PyBytes_AsString(args[0]);
    Py_ssize_t size = PyBytes_Size(args[0]);
    struct place place = {PyLong_AsSsize_t(args[1]), PyLong_AsUnsignedLongLong(args[2])};
    if (PyErr_Occurred() || place.at < 0 || place.at > size) {
        PyErr_Clear();
        return ask_twin(state->objects[TWIN_CHUNKS], args, count, NULL);
    }
    struct place again = place;
    Py_ssize_t length = walk_chunks(data, size, &place, NULL);
    PyObject *body;
    if (length == size) {
        body = new_reference(args[0]);
    }
    else {
        body = PyBytes_FromStringAndSize(NULL, length);
        if (body != NULL) {
            walk_chunks(data, size, &again, PyBytes_AsString(body));
        }
    }
    return body ? Py_BuildValue("(NnK)", body, place.at, place.left) : NULL;
}

/* ------------------------------------------------------------------------------------------------------- the module */

/* Add a name to the table unless it is there; at most half of the slots are taken, so that each search ends. */
static int
add_name(struct state *state, PyObject *name, enum meaning meaning, int traits, int *count)
{
    char *text;
    Py_ssize_t length;
    if (PyBytes_AsStringAndSize(name, &text, &length) < 0) {
        return -1;
    }
    unsigned hash = HASH_START;
    for (Py_ssize_t i = 0; i < length; i++) {
        hash = HASH_STEP(hash, (octet)text[i]);
    }
    struct entry *entry = slot_of(state, (const octet *)text, length, hash);
    if (entry->name != NULL) {
        entry->traits |= traits;
        return 0;
    }
    if (++*count > SLOTS / 2) {
        PyErr_SetString(PyExc_SystemError, "too many usual names: give the table more slots");
        return -1;
    }
    *entry = (struct entry){new_reference(name), text, length, hash, meaning, traits | traits_of(name)};
    return 0;
}

/* Add all names of a set, or all values of a dictionary. */
static int
add_names(struct state *state, PyObject *names, int traits, int *count)
{
    PyObject *all = PyDict_Check(names) ? PyDict_Values(names) : PySequence_List(names);
    int failed = all == NULL;
    for (Py_ssize_t i = 0; !failed && i < PyList_Size(all); i++) {
        failed = add_name(state, PyList_GetItem(all, i), NOTHING, traits, count) < 0;
    }
    Py_XDECREF(all);
    return failed ? -1 : 0;
}

static int
fill_names(struct state *state)
{
    int count = 0, failed = 0;
    for (int meaning = 0; meaning < MEANINGS && !failed; meaning++) {
        PyObject *name = PyBytes_FromString(MEANINGFUL[meaning]);
        failed = name == NULL || add_name(state, name, (enum meaning)meaning, 0, &count) < 0;
        Py_XDECREF(name);
    }
    /* What has to be left out is in the table, whether it is usual or not: other names need not be looked up. */
    return failed || add_names(state, state->objects[LOWER_CASE], 0, &count) < 0
                   || add_names(state, state->objects[NOT_IN_REQUESTS], LEFT_OUT_OF_REQUESTS, &count) < 0
                   || add_names(state, state->objects[NOT_IN_RESPONSES], LEFT_OUT_OF_RESPONSES, &count) < 0
                   || add_names(state, state->objects[RARE], RARE_ONE, &count) < 0
               ? -1
               : 0;
}

static int
fill_objects(struct state *state)
{
    PyObject **objects = state->objects;
    for (size_t i = 0; i < COUNT_OF(WANTED); i++) {
        PyObject *module = PyImport_ImportModule(WANTED[i].module);
        objects[WANTED[i].object] = attribute(module, WANTED[i].name);
        Py_XDECREF(module);
        if (objects[WANTED[i].object] == NULL) {
            return -1;
        }
    }
    for (size_t i = 0; i < COUNT_OF(PARTS); i++) {
        objects[PARTS[i].object] = attribute(objects[PARTS[i].of], PARTS[i].name);
        if (objects[PARTS[i].object] == NULL) {
            return -1;
        }
        PyTypeObject *slot = Py_TYPE(objects[PARTS[i].object]);
        descrgetfunc read = (descrgetfunc)PyType_GetSlot(slot, Py_tp_descr_get);
        descrsetfunc write = (descrsetfunc)PyType_GetSlot(slot, Py_tp_descr_set);
        if (read == NULL || write == NULL || (i > 0 && (read != state->read || write != state->write))) {
            PyErr_Format(PyExc_TypeError, "%s is no slot", PARTS[i].name);
            return -1;
        }
        state->read = read;
        state->write = write;
    }
    objects[KIND_NONE] = get(state, FRAMING_KIND, objects[NO_BODY]);
    objects[KIND_CHUNKED] = get(state, FRAMING_KIND, objects[CHUNKED]);
    objects[KIND_UNTIL_CLOSE] = get(state, FRAMING_KIND, objects[UNTIL_CLOSE]);
    if (objects[KIND_NONE] == NULL || objects[KIND_CHUNKED] == NULL || objects[KIND_UNTIL_CLOSE] == NULL) {
        return -1;
    }
    objects[KIND_SIZED] = attribute((PyObject *)Py_TYPE(objects[KIND_NONE]), "SIZED");
    objects[NONE_REPEATED] = PyFrozenSet_New(NULL);
    objects[NOTHING_GIVEN] = PyTuple_New(0);
    return objects[KIND_SIZED] && objects[NONE_REPEATED] && objects[NOTHING_GIVEN] ? 0 : -1;
}

static int
execute(PyObject *module)
{
    struct state *state = PyModule_GetState(module);
    fill_octets();
    state->objects[FIELDS] = PyType_FromModuleAndSpec(module, &fields_type, NULL);
    return !state->objects[FIELDS] || fill_objects(state) < 0 || fill_names(state) < 0 ? -1 : 0;
}

static int
traverse(PyObject *module, visitproc visit, void *arg)
{
    struct state *state = PyModule_GetState(module);
    for (int i = 0; i < OBJECTS; i++) {
        Py_VISIT(state->objects[i]);
    }
    Py_VISIT(state->of_requests.limits);
    Py_VISIT(state->of_responses.limits);
    for (int i = 0; i < REMEMBERED; i++) {
        Py_VISIT(state->drops[i].dropped);
        Py_VISIT(state->drops[i].prefixes);
    }
    return 0; /* the names are bytes, which hold nothing */
}

static int
clear(PyObject *module)
{
    struct state *state = PyModule_GetState(module);
    for (int i = 0; i < OBJECTS; i++) {
        Py_CLEAR(state->objects[i]);
    }
    for (int i = 0; i < SLOTS; i++) {
        Py_CLEAR(state->names[i].name);
    }
    Py_CLEAR(state->of_requests.limits);
    Py_CLEAR(state->of_responses.limits);
    for (int i = 0; i < REMEMBERED; i++) {
        Py_CLEAR(state->drops[i].dropped);
        Py_CLEAR(state->drops[i].prefixes);
    }
    return 0;
}

static void
release(void *module)
{
    clear(module);
}

static PyMethodDef functions[] = {
    {"parse_request_head", (PyCFunction)(void (*)(void))parse_request_head, METH_FASTCALL, parse_request_head_doc},
    {"parse_response_head", (PyCFunction)(void (*)(void))parse_response_head, METH_FASTCALL, parse_response_head_doc},
    {"begin_request", (PyCFunction)(void (*)(void))begin_request, METH_FASTCALL, begin_request_doc},
    {"begin_response", (PyCFunction)(void (*)(void))begin_response, METH_FASTCALL, begin_response_doc},
    {"request_octets", (PyCFunction)(void (*)(void))request_octets, METH_FASTCALL | METH_KEYWORDS, request_octets_doc},
    {"response_octets", (PyCFunction)(void (*)(void))response_octets, METH_FASTCALL | METH_KEYWORDS,
     response_octets_doc},
    {"scan_chunks", (PyCFunction)(void (*)(void))scan_chunks, METH_FASTCALL, scan_chunks_doc},
    {"path_of", path_of, METH_O, path_of_doc},
    {NULL, NULL, 0, NULL},
};

static PyModuleDef_Slot slots[] = {
    {Py_mod_exec, execute},
    {0, NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "gateway.http1.compiled",
    .m_doc = "The scanners of gateway.http1, compiled; whatever is out of the ordinary they leave to their twins in Python.",
    .m_size = sizeof(struct state),
    .m_methods = functions,
    .m_slots = slots,
    .m_traverse = traverse,
    .m_clear = clear,
    .m_free = release,
};

PyMODINIT_FUNC
PyInit_compiled(void)
{
    return PyModuleDef_Init(&definition);
}

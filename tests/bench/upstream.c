/* A small fast HTTP/1.1 upstream: one process, one thread, epoll. What it answers is laid out before it listens, so that
 * it costs each proxy the same, and little.
 *
 *     upstream PORT
 *
 * The target says what is wanted:
 *
 *     /100k /10m    a body of that size
 *     /chunked      32 KiB in 32 chunks
 *     /closing      1 KiB, as HTTP/1.0, after which the connection is closed
 *     /echo         the head of the request, octet for octet, as the body
 *     /failure      500, with 1 KiB
 *     /received     how many octets of sized bodies have come so far, as a number
 *     anything else 1 KiB
 *
 * Each answer but the echo and the number has ten header lines, a CORS field that no page should see among them. Bodies
 * of requests are read and forgotten; the answer comes when all of it was read. Of HTTP it understands what the proxies
 * send it.
 */

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { HEAD_OCTETS = 65536, READ_OCTETS = 262144, MOST_FILES = 65536, EVENTS = 256 };

struct answer {
    char *octets;
    size_t length;
    bool closes;
};

struct connection {
    bool in_body;       /* the head was read, its body not yet */
    bool chunked;       /* that body ends with its last chunk, else after `body_left` octets */
    size_t body_left;
    char tail[5];       /* the last octets of a chunked body */
    size_t head_length; /* octets of an unfinished head in `head` */
    const char *out;    /* what is still to be written */
    size_t out_left;
    bool closes;        /* after that */
    char *own;          /* what of it is to be freed */
    char head[HEAD_OCTETS];
};

static struct connection *connections[MOST_FILES];
static char scratch[READ_OCTETS];
static int poller;
static unsigned long long received;
static struct answer small, hundred_k, ten_m, chunked, closing, failure;

static void die(const char *what) {
    perror(what);
    exit(1);
}

static void *allocated(size_t octets) {
    void *memory = calloc(1, octets);
    if (memory == NULL) die("calloc");
    return memory;
}

static struct answer answer_of(const char *status, const char *framing, const char *body, size_t length, bool closes) {
    char date[64];
    time_t now = time(NULL);
    strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", gmtime(&now));
    struct answer made = {allocated(length + 1024), 0, closes};
    int head = snprintf(made.octets, 1024,
                        "%s\r\n"
                        "Date: %s\r\n"
                        "Server: Apache\r\n"
                        "Expires: Thu, 19 Nov 1981 08:52:00 GMT\r\n"
                        "Cache-Control: no-store, no-cache, must-revalidate\r\n"
                        "Vary: Accept-Encoding\r\n"
                        "Access-Control-Allow-Origin: *\r\n"
                        "Set-Cookie: PHPSESSID=5k2c0v3o8b1m7q4n; path=/; HttpOnly\r\n"
                        "%s\r\n"
                        "Content-Type: application/json; charset=utf-8\r\n"
                        "%s\r\n\r\n",
                        status, date, closes ? "Connection: close" : "X-Powered-By: PHP/8.2.29", framing);
    memcpy(made.octets + head, body, length);
    made.length = (size_t)head + length;
    return made;
}

static struct answer sized(const char *status, size_t length, bool closes) {
    char framing[64];
    char *body = allocated(length);
    memset(body, 'x', length);
    snprintf(framing, sizeof framing, "Content-Length: %zu", length);
    struct answer made = answer_of(status, framing, body, length, closes);
    free(body);
    return made;
}

static struct answer in_chunks(int count) {
    char *body = allocated((size_t)count * 1031 + 5), *end = body;
    for (int i = 0; i < count; i++) {
        end += sprintf(end, "400\r\n");
        memset(end, 'x', 1024);
        end += 1024;
        end += sprintf(end, "\r\n");
    }
    end += sprintf(end, "0\r\n\r\n");
    struct answer made = answer_of("HTTP/1.1 200 OK", "Transfer-Encoding: chunked", body, (size_t)(end - body), false);
    free(body);
    return made;
}

static void watch(int fd, uint32_t events, int operation) {
    struct epoll_event event = {.events = events, .data = {.fd = fd}};
    if (epoll_ctl(poller, operation, fd, &event) < 0) die("epoll_ctl");
}

static void drop(int fd) {
    struct connection *connection = connections[fd];
    connections[fd] = NULL;
    free(connection->own);
    free(connection);
    close(fd);
}

/* Write what is left; tell whether the connection is still there. */
static bool flush(int fd) {
    struct connection *connection = connections[fd];
    bool waited = false;
    while (connection->out_left) {
        ssize_t written = send(fd, connection->out, connection->out_left, MSG_NOSIGNAL);
        if (written < 0 && errno == EAGAIN) {
            waited = true;
            break;
        }
        if (written < 0) {
            drop(fd);
            return false;
        }
        connection->out += written;
        connection->out_left -= (size_t)written;
    }
    if (waited) {
        watch(fd, EPOLLOUT, EPOLL_CTL_MOD);
        return true;
    }
    if (connection->closes) {
        drop(fd);
        return false;
    }
    free(connection->own);
    connection->own = NULL;
    return true;
}

static bool begins(const char *target, const char *with) { return strncmp(target, with, strlen(with)) == 0; }

/* Answer with a body of this one answer's own. */
static void answer_with(struct connection *connection, const char *body, size_t length) {
    connection->own = allocated(length + 128);
    int head = sprintf(connection->own,
                       "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %zu\r\n\r\n", length);
    memcpy(connection->own + head, body, length);
    connection->out = connection->own;
    connection->out_left = (size_t)head + length;
    connection->closes = false;
}

/* Choose the answer to the head that stands, with a NUL behind it, in `head`. */
static void choose(struct connection *connection, size_t head_end) {
    const char *target = strchr(connection->head, ' ');
    target = target ? target + 1 : "/";
    struct answer *chosen = &small;
    if (begins(target, "/100k")) chosen = &hundred_k;
    if (begins(target, "/10m")) chosen = &ten_m;
    if (begins(target, "/chunked")) chosen = &chunked;
    if (begins(target, "/closing")) chosen = &closing;
    if (begins(target, "/failure")) chosen = &failure;
    connection->out = chosen->octets;
    connection->out_left = chosen->length;
    connection->closes = chosen->closes;
    if (begins(target, "/echo")) answer_with(connection, connection->head, head_end);
    if (begins(target, "/received")) {
        char number[32];
        answer_with(connection, number, (size_t)sprintf(number, "%llu", received));
    }
}

/* Take octets of a body; tell whether it is whole. */
static bool took_body(struct connection *connection, const char *octets, size_t length) {
    if (!connection->chunked) {
        size_t taken = length < connection->body_left ? length : connection->body_left;
        received += taken;
        connection->body_left -= taken;
        return connection->body_left == 0;
    }
    size_t kept = length < 5 ? length : 5;
    memmove(connection->tail, connection->tail + kept, 5 - kept);
    memcpy(connection->tail + 5 - kept, octets + length - kept, kept);
    return memcmp(connection->tail, "0\r\n\r\n", 5) == 0; /* the bodies sent here have no such octets inside */
}

static void readable(int fd) {
    struct connection *connection = connections[fd];
    char *into = connection->in_body ? scratch : connection->head + connection->head_length;
    size_t room = connection->in_body ? READ_OCTETS : HEAD_OCTETS - 1 - connection->head_length;
    ssize_t got = recv(fd, into, room, 0);
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) {
        drop(fd);
        return;
    }
    bool whole;
    if (connection->in_body) {
        whole = took_body(connection, scratch, (size_t)got);
    } else {
        connection->head_length += (size_t)got;
        char *end = memmem(connection->head, connection->head_length, "\r\n\r\n", 4);
        if (end == NULL) return;
        end += 4;
        size_t head_end = (size_t)(end - connection->head), behind = connection->head_length - head_end;
        char first_behind = *end;
        *end = '\0';
        const char *length = strcasestr(connection->head, "\r\nContent-Length:");
        connection->body_left = length ? strtoull(length + 17, NULL, 10) : 0;
        connection->chunked = strcasestr(connection->head, "\r\nTransfer-Encoding: chunked") != NULL;
        memset(connection->tail, 0, sizeof connection->tail);
        choose(connection, head_end);
        *end = first_behind;
        connection->head_length = 0;
        connection->in_body = true;
        whole = connection->chunked ? behind && took_body(connection, end, behind) : took_body(connection, end, behind);
    }
    if (whole) {
        connection->in_body = false;
        flush(fd);
    }
}

static int listening(int port) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), on = 1;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, (struct sockaddr *)&address, sizeof address) < 0) die("bind");
    if (listen(fd, 4096) < 0) die("listen");
    return fd;
}

int main(int count, char **arguments) {
    if (count != 2) return 2;
    signal(SIGPIPE, SIG_IGN);
    small = sized("HTTP/1.1 200 OK", 1024, false);
    hundred_k = sized("HTTP/1.1 200 OK", 100 * 1024, false);
    ten_m = sized("HTTP/1.1 200 OK", 10 * 1024 * 1024, false);
    chunked = in_chunks(32);
    closing = sized("HTTP/1.0 200 OK", 1024, true);
    failure = sized("HTTP/1.1 500 Internal Server Error", 1024, false);
    poller = epoll_create1(0);
    int listener = listening(atoi(arguments[1]));
    watch(listener, EPOLLIN, EPOLL_CTL_ADD);
    struct epoll_event events[EVENTS];
    for (;;) {
        int ready = epoll_wait(poller, events, EVENTS, -1);
        for (int i = 0; i < ready; i++) {
            int fd = events[i].data.fd;
            if (fd == listener) {
                int on = 1, accepted = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
                if (accepted < 0) continue;
                if (accepted >= MOST_FILES) {
                    close(accepted);
                    continue;
                }
                setsockopt(accepted, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
                connections[accepted] = allocated(sizeof(struct connection));
                watch(accepted, EPOLLIN, EPOLL_CTL_ADD);
            } else if (events[i].events & EPOLLOUT) {
                if (flush(fd) && connections[fd]->out_left == 0) watch(fd, EPOLLIN, EPOLL_CTL_MOD);
            } else {
                readable(fd);
            }
        }
    }
}

/* The floor: what relaying costs where nothing at all is looked at. Octets are received on one connection and sent on
 * another, and back; a client's connection has an upstream connection of its own.
 *
 *     floor PORT UPSTREAM-PORT
 *
 * No proxy with one process and this system interface can cost less. Frozen: it is a measuring rod.
 */

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { READ_OCTETS = 262144, MOST_FILES = 65536, EVENTS = 256 };

struct side {
    int peer;
    char *waiting; /* octets that the peer has sent and this side does not take yet */
    size_t from, to;
};

static struct side *sides[MOST_FILES];
static char scratch[READ_OCTETS];
static int poller;

static void die(const char *what) {
    perror(what);
    exit(1);
}

static void watch(int fd, uint32_t events, int operation) {
    struct epoll_event event = {.events = events, .data = {.fd = fd}};
    if (epoll_ctl(poller, operation, fd, &event) < 0) die("epoll_ctl");
}

static int socket_to(int port, bool listens) {
    int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (listens) {
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        if (bind(fd, (struct sockaddr *)&address, sizeof address) < 0 || listen(fd, 4096) < 0) die("listen");
        return fd;
    }
    if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0) return fd;
    close(fd);
    return -1;
}

static void drop(int fd) {
    struct side *side = sides[fd];
    sides[fd] = NULL;
    free(side->waiting);
    free(side);
    close(fd);
}

static void drop_both(int fd) {
    int peer = sides[fd]->peer;
    drop(fd);
    drop(peer);
}

static void add(int fd, int peer) {
    int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    sides[fd] = calloc(1, sizeof(struct side));
    if (sides[fd] == NULL) die("calloc");
    sides[fd]->peer = peer;
    watch(fd, EPOLLIN, EPOLL_CTL_ADD);
}

static void readable(int fd) {
    struct side *other = sides[sides[fd]->peer];
    ssize_t got = recv(fd, scratch, READ_OCTETS, MSG_DONTWAIT);
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) {
        drop_both(fd);
        return;
    }
    ssize_t sent = send(sides[fd]->peer, scratch, (size_t)got, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && errno != EAGAIN) {
        drop_both(fd);
        return;
    }
    if (sent < 0) sent = 0;
    if (sent < got) {
        if (other->waiting == NULL) other->waiting = malloc(READ_OCTETS);
        if (other->waiting == NULL) die("malloc");
        other->from = 0;
        other->to = (size_t)(got - sent);
        memcpy(other->waiting, scratch + sent, other->to);
        watch(fd, 0, EPOLL_CTL_MOD);
        watch(sides[fd]->peer, EPOLLIN | EPOLLOUT, EPOLL_CTL_MOD);
    }
}

static void writable(int fd) {
    struct side *side = sides[fd];
    ssize_t sent = send(fd, side->waiting + side->from, side->to - side->from, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && errno == EAGAIN) return;
    if (sent < 0) {
        drop_both(fd);
        return;
    }
    side->from += (size_t)sent;
    if (side->from == side->to) {
        side->from = side->to = 0;
        watch(fd, EPOLLIN, EPOLL_CTL_MOD);
        watch(side->peer, EPOLLIN, EPOLL_CTL_MOD);
    }
}

int main(int count, char **arguments) {
    if (count != 3) return 2;
    poller = epoll_create1(0);
    int listener = socket_to(atoi(arguments[1]), true), upstream_port = atoi(arguments[2]);
    watch(listener, EPOLLIN, EPOLL_CTL_ADD);
    struct epoll_event events[EVENTS];
    for (;;) {
        int ready = epoll_wait(poller, events, EVENTS, -1);
        for (int i = 0; i < ready; i++) {
            int fd = events[i].data.fd;
            if (fd == listener) {
                int accepted = accept(listener, NULL, NULL);
                int upstream = accepted < 0 ? -1 : socket_to(upstream_port, false);
                if (upstream >= 0 && accepted < MOST_FILES && upstream < MOST_FILES) {
                    add(accepted, upstream);
                    add(upstream, accepted);
                } else {
                    if (accepted >= 0) close(accepted);
                    if (upstream >= 0) close(upstream);
                }
                continue;
            }
            /* Its peer may have ended both in this same round. */
            if (sides[fd] != NULL && events[i].events & EPOLLOUT) writable(fd);
            if (sides[fd] != NULL && events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) readable(fd);
        }
    }
}

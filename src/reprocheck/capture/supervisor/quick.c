/* The calls that leave nothing to think about, answered without waking an interpreter.
 *
 * Nine of ten calls open a file that is noted already, or one of the environment. Whoever answers them runs between two
 * pieces of the command's own work, so that what it costs most is the caches that it empties: an interpreter's loop
 * empties them, this one doesn't. What is known comes from `quick.py`; whatever isn't certain here goes back to it.
 *
 * A plain library for ctypes: nothing of Python's is used, so that one build serves every version of it.
 * Source: Linux `include/uapi/linux/seccomp.h`, seccomp_unotify(2).
 */

#define _GNU_SOURCE
#include "../../agent/compiled/board.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define RECEIVE 0xC0502100u
#define SEND 0xC0182101u
#define CONTINUE 1u
#define SHORT 256 /* nearly all names fit into it */
#define NAME 512
#define TASKS 512 /* twice what the supervisor keeps open, a power of two */
#define OTHERS 3
#define PROCESSES 4
#define MOMENT 100000000LL
#define SECOND 1000000000LL
#define HERE 0xFFFFFF9Cu /* AT_FDCWD */
#define WRITES 01103u    /* O_WRONLY, O_RDWR, O_CREAT, O_TRUNC */
#define ONLY_A_PLACE 010000000u /* O_PATH */

#define PATH 4096
#define STATUS 13

#define ADDRESS 128 /* bytes of a socket's, the longest there is */

enum { NOTED = 1, FOLDER, FILE_OF_DATA, FOLDER_OF_DATA, CONNECTED };
enum { TO_HANDLE = 1, TO_SETTLE, OTHER, NOBODY };
enum { IN_FOLDER = 1, SHARED_MEMORY, READ, POSTED };
enum { UNSURE, SAID, OF_ENVIRONMENT, OF_DATA };

struct notification {
    uint64_t identity;
    uint32_t thread, flags;
    int32_t call;
    uint32_t machine;
    uint64_t instruction, arguments[6];
};

struct answer {
    uint64_t identity;
    int64_t value;
    int32_t error;
    uint32_t flags;
};

struct task {
    int32_t number; /* 0: free; -1: was used, a search goes on behind it */
    int32_t memory, folder;
    uint32_t process;
    int64_t seen;
};

struct entry {
    uint8_t *key; /* the manner first; NULL: free or, with `length` 1, was used */
    uint32_t length, hash;
    uint64_t inode;
    uint32_t processes[PROCESSES]; /* of whom all is said; 0: none */
    uint8_t everybody;
};

/* What went on and is still to be worked out, as `quick.py` reads it. */
struct event {
    int64_t time;
    uint32_t process; /* of `POSTED` the number that the system gave it, else the supervisor's */
    uint16_t length;
    uint16_t manner;
    int64_t status[STATUS]; /* of `READ` */
    char name[NAME]; /* as the call has it; of `READ` and `POSTED` the working folder and a NUL come before it */
};

struct quick {
    int listener;
    int others[OTHERS];
    uint32_t machine;
    int32_t openat, open, unlinkat, unlink, connect, linkat, link;
    volatile uint64_t *page;
    uint64_t calls;
    uint32_t passive;
    uint32_t waiting, together;
    struct event *events;
    struct entry *entries;
    uint32_t room, used;
    struct task tasks[TASKS];
    struct board *board; /* NULL where nobody posts */
    uint64_t read;       /* of its posts, all before this one */
    uint64_t posts;
};

static int64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * SECOND + time.tv_nsec;
}

static uint32_t hash_of(const uint8_t *data, uint32_t length) {
    uint32_t hash = 2166136261u; /* FNV-1a */
    for (uint32_t i = 0; i < length; i++) hash = (hash ^ data[i]) * 16777619u;
    return hash;
}

static struct entry *find(const struct quick *quick, const uint8_t *key, uint32_t length) {
    uint32_t hash = hash_of(key, length);
    for (uint32_t at = hash;; at++) {
        struct entry *entry = &quick->entries[at & (quick->room - 1)];
        if (!entry->key) {
            if (!entry->length) return NULL;
        } else if (entry->hash == hash && entry->length == length && !memcmp(entry->key, key, length)) {
            return entry;
        }
    }
}

static int grow(struct quick *quick) {
    uint32_t room = quick->room * 2;
    struct entry *entries = calloc(room, sizeof *entries);
    if (!entries) return 0;
    uint32_t used = 0;
    for (uint32_t i = 0; i < quick->room; i++) {
        struct entry *entry = &quick->entries[i];
        if (!entry->key) continue;
        uint32_t at = entry->hash;
        while (entries[at & (room - 1)].key) at++;
        entries[at & (room - 1)] = *entry;
        used++;
    }
    free(quick->entries);
    quick->entries = entries;
    quick->room = room;
    quick->used = used;
    return 1;
}

/* A new name, or the one that stands there; NULL without memory: it is then not known here, and nothing is lost. */
static struct entry *place(struct quick *quick, const uint8_t *key, uint32_t length) {
    struct entry *entry = find(quick, key, length);
    if (entry) return entry;
    if (quick->used * 2 >= quick->room && !grow(quick)) return NULL;
    uint8_t *copy = malloc(length);
    if (!copy) return NULL;
    memcpy(copy, key, length);
    uint32_t hash = hash_of(key, length), at = hash;
    while (quick->entries[at & (quick->room - 1)].key) at++;
    entry = &quick->entries[at & (quick->room - 1)];
    quick->used += !entry->length; /* a place that was used is counted */
    memset(entry, 0, sizeof *entry);
    entry->key = copy;
    entry->length = length;
    entry->hash = hash;
    return entry;
}

static struct task *task_of(struct quick *quick, int32_t number) {
    for (uint32_t at = (uint32_t)number, left = TASKS; left; at++, left--) {
        struct task *task = &quick->tasks[at & (TASKS - 1)];
        if (task->number == number) return task;
        if (!task->number) return NULL;
    }
    return NULL;
}

static int let_go(const struct quick *quick, uint64_t identity) {
    struct answer answer = {identity, 0, 0, CONTINUE};
    return ioctl(quick->listener, SEND, &answer) == 0;
}

static struct event *note(struct quick *quick, uint16_t manner, uint32_t process, const void *name, uint32_t length,
                          int64_t time) {
    struct event *event = &quick->events[quick->waiting++];
    event->time = time;
    event->process = process;
    event->manner = manner;
    event->length = (uint16_t)length;
    memcpy(event->name, name, length);
    return event;
}

/* Its working folder, or 0; that it can be read shows that the number is still this thread's. */
static uint32_t folder_of(struct task *task, char *buffer, int64_t time) {
    ssize_t length = readlinkat(task->folder, "cwd", buffer, PATH);
    if (length <= 0 || length >= PATH) return 0;
    task->seen = time;
    return (uint32_t)length;
}

/* A name of the data: the manner, the working folder, a NUL, the name as the call has it; and both as one path. */
struct named {
    uint8_t key[1 + PATH + 1 + SHORT];
    char path[PATH + 1 + SHORT];
    uint32_t size, length;
};

/* From the working folder, none before an absolute name, and the name. */
static void name_it(struct named *named, const char *folder, uint32_t before, const char *name, uint32_t length) {
    named->key[0] = FILE_OF_DATA;
    memcpy(named->key + 1, folder, before);
    named->key[1 + before] = 0;
    memcpy(named->key + 1 + before + 1, name, length);
    named->size = 1 + before + 1 + length;
    uint32_t start = before ? before + 1 : 0;
    memcpy(named->path, folder, before);
    if (before) named->path[before] = '/';
    memcpy(named->path + start, name, length);
    named->length = start + length;
    named->path[named->length] = 0;
}

/* Whether nothing is left to say of a file when this process opens it. */
static int is_noted(const struct quick *quick, uint32_t process, const struct named *named) {
    const struct entry *entry = find(quick, named->key, named->size);
    if (!entry) return 0;
    if (!entry->everybody) {
        uint32_t at = 0;
        while (at < PROCESSES && entry->processes[at] != process) at++;
        if (at == PROCESSES) return 0;
    }
    struct stat status;
    return stat(named->path, &status) == 0 && status.st_ino == entry->inode;
}

/* Whether it names an ordinary file in a folder that no link leads to: what the call will find is seen at once. */
static int is_plain(const struct quick *quick, const struct named *named, struct stat *status) {
    uint32_t length = named->size - 1; /* of what is noted */
    const char *slash = memrchr(named->path, '/', named->length);
    uint32_t last = (uint32_t)(slash - named->path) + 1;
    if (length > NAME || last == named->length || named->path[last] == '.') return 0;
    uint8_t key[1 + PATH + 1 + SHORT];
    key[0] = FOLDER_OF_DATA;
    memcpy(key + 1, named->path, last);
    return find(quick, key, 1 + last) && !lstat(named->path, status) && S_ISREG(status->st_mode);
}

/* What is known of an absolute name that is opened for reading, whoever opens it. */
static int look_up(const struct quick *quick, const char *name, uint32_t length) {
    uint8_t key[1 + SHORT];
    memcpy(key + 1, name, length);
    key[0] = NOTED;
    if (find(quick, key, 1 + length)) return SAID;
    const char *slash = memrchr(name, '/', length);
    uint32_t last = slash ? (uint32_t)(slash - name) + 1 : 0;
    key[0] = FOLDER;
    /* The empty name and all that begin with a dot may mean a folder. */
    if (last < length && name[last] != '.' && last && find(quick, key, 1 + last)) return OF_ENVIRONMENT;
    return UNSURE;
}

/* What is known of a name of the data; of `OF_DATA` the status of what it leads to. */
static int look_up_data(const struct quick *quick, uint32_t process, const struct named *named, struct stat *status) {
    if (is_noted(quick, process, named)) return SAID;
    return is_plain(quick, named, status) ? OF_DATA : UNSURE;
}

static void note_read(struct quick *quick, uint32_t process, const struct named *named, const struct stat *status,
                      int64_t time) {
    struct event *event = note(quick, READ, process, named->key + 1, named->size - 1, time);
    const int64_t fields[STATUS] = {
        status->st_mode,
        (int64_t)status->st_ino,
        (int64_t)status->st_dev,
        (int64_t)status->st_nlink,
        status->st_uid,
        status->st_gid,
        status->st_size,
        status->st_atim.tv_sec,
        status->st_mtim.tv_sec,
        status->st_ctim.tv_sec,
        status->st_atim.tv_sec * SECOND + status->st_atim.tv_nsec,
        status->st_mtim.tv_sec * SECOND + status->st_mtim.tv_nsec,
        status->st_ctim.tv_sec * SECOND + status->st_ctim.tv_nsec,
    };
    memcpy(event->status, fields, sizeof fields);
}

/* A file that was opened without asking: what is known of it, or a note for the interpreter. */
static void take_post(struct quick *quick, const struct post *post) {
    /* Copied, as whoever wrote it could write again; and lengths that the processes of the command made up. */
    uint32_t before = __atomic_load_n(&post->folder, __ATOMIC_RELAXED);
    uint32_t length = __atomic_load_n(&post->name, __ATOMIC_RELAXED);
    uint32_t number = __atomic_load_n(&post->process, __ATOMIC_RELAXED);
    int64_t time = post->time;
    char text[POST_TEXT];
    if (!length || length >= SHORT || before + length > POST_TEXT) return;
    memcpy(text, post->text, before + length);
    const char *name = text + before;
    if ((name[0] == '/') != !before || memchr(text, 0, before + length)) return;
    quick->posts++;
    int found = look_up(quick, name, length);
    if (found == SAID) return;
    struct named named;
    struct stat status;
    name_it(&named, text, before, name, length);
    struct task *task = task_of(quick, (int32_t)number);
    if (!task) {
        note(quick, POSTED, number, named.key + 1, named.size - 1, time);
    } else if (found == OF_ENVIRONMENT) {
        note(quick, IN_FOLDER, task->process, name, length, time);
    } else {
        found = look_up_data(quick, task->process, &named, &status);
        if (found == UNSURE) note(quick, POSTED, number, named.key + 1, named.size - 1, time);
        if (found == OF_DATA) note_read(quick, task->process, &named, &status, time);
    }
}

static int somebody_posted(const struct quick *quick) {
    return quick->board && __atomic_load_n(&quick->board->next, __ATOMIC_ACQUIRE) != quick->read;
}

/* Take what stands on the board, as much as there is room to note. A post that was begun and not ended, by a process that
 * was killed or stopped meanwhile, has not been opened; those behind it are taken all the same.
 */
static void take_posts(struct quick *quick) {
    if (!somebody_posted(quick)) return;
    uint64_t end = __atomic_load_n(&quick->board->next, __ATOMIC_ACQUIRE);
    if (end - quick->read > BOARD_PLACES) end = quick->read + BOARD_PLACES;
    int gapless = 1;
    for (uint64_t number = quick->read; number < end && quick->waiting < quick->together; number++) {
        struct post *post = &quick->board->posts[number % BOARD_PLACES];
        uint64_t turn = number / BOARD_PLACES * 2;
        uint64_t stands = __atomic_load_n(&post->turn, __ATOMIC_ACQUIRE);
        if (stands == turn + 1) {
            take_post(quick, post);
            __atomic_store_n(&post->turn, turn + 2, __ATOMIC_RELEASE);
        } else if (stands != turn + 2) {
            gapless = 0;
        }
        if (gapless) quick->read = number + 1;
    }
}

/* A segment of shared memory, or a name for one that may be made. */
static int is_segment(const char *name, uint32_t length) {
    static const char folder[] = "/dev/shm/";
    const uint32_t head = sizeof folder - 1;
    if (length <= head || memcmp(name, folder, head) || memchr(name + head, '/', length - head)) return 0;
    if (!strcmp(name + head, ".") || !strcmp(name + head, "..")) return 0;
    struct stat status;
    if (lstat(name, &status)) return errno == ENOENT;
    return S_ISREG(status.st_mode);
}

/* Whether this process has connected to the address before, which it may do a thousand times. */
static int is_connected(const struct quick *quick, const struct task *task, uint64_t address, uint32_t length) {
    uint8_t key[1 + sizeof task->process + ADDRESS];
    if (length > ADDRESS) length = ADDRESS;
    key[0] = CONNECTED;
    memcpy(key + 1, &task->process, sizeof task->process);
    ssize_t got = pread(task->memory, key + 1 + sizeof task->process, length, (off_t)address);
    return got == (ssize_t)length && find(quick, key, 1 + (uint32_t)sizeof task->process + length);
}

/* A name in the memory of a thread, with its NUL; its length, 0 for none or one that is too long for here. */
static uint32_t read_name(const struct task *task, uint64_t address, char name[SHORT]) {
    ssize_t got = pread(task->memory, name, SHORT, (off_t)address);
    const char *end = got > 0 ? memchr(name, 0, (size_t)got) : NULL;
    return end ? (uint32_t)(end - name) : 0;
}

/* Whether a call gives another name to a segment of shared memory, as those do that make semaphores; it is let go on. */
static int links_segment(struct quick *quick, const struct task *task, const struct notification *call, int64_t time) {
    const uint64_t *given = call->arguments;
    int by_folder = call->call == quick->linkat;
    char name[SHORT], other[SHORT];
    if (by_folder && ((uint32_t)given[0] != HERE || (uint32_t)given[2] != HERE)) return 0;
    uint32_t length = read_name(task, given[by_folder ? 1 : 0], name);
    uint32_t other_length = read_name(task, given[by_folder ? 3 : 1], other);
    if (!length || !other_length || !is_segment(name, length) || !is_segment(other, other_length)) return 0;
    if (let_go(quick, call->identity)) {
        note(quick, SHARED_MEMORY, task->process, name, length, time);
        note(quick, SHARED_MEMORY, task->process, other, other_length, time);
    }
    return 1;
}

/* True where the call was let go on, or was gone; false leaves it to the interpreter. */
static int answers(struct quick *quick, const struct notification *call) {
    uint64_t address = 0;
    uint32_t folder = HERE;
    uint32_t flags = 0;
    int removes = 0;
    if (call->machine != quick->machine) return 0;
    if (call->call == quick->openat) {
        folder = (uint32_t)call->arguments[0];
        address = call->arguments[1];
        flags = (uint32_t)call->arguments[2];
    } else if (call->call == quick->open) {
        address = call->arguments[0];
        flags = (uint32_t)call->arguments[1];
    } else if (call->call == quick->unlinkat) {
        folder = (uint32_t)call->arguments[0];
        address = call->arguments[1];
        removes = 1;
    } else if (call->call == quick->unlink) {
        address = call->arguments[0];
        removes = 1;
    } else if (call->call == quick->connect) {
        address = call->arguments[1];
    } else if (call->call != quick->linkat && call->call != quick->link) {
        return 0;
    }
    if (flags & ONLY_A_PLACE) return 0;
    struct task *task = task_of(quick, (int32_t)call->thread);
    if (!task) return 0;
    int64_t time = now();
    if (time - task->seen > MOMENT) {
        char ignored[PATH];
        if (!folder_of(task, ignored, time)) return 0;
    }
    if (call->call == quick->connect) {
        if (!is_connected(quick, task, address, (uint32_t)call->arguments[2])) return 0;
        let_go(quick, call->identity);
        return 1;
    }
    if (call->call == quick->linkat || call->call == quick->link) return links_segment(quick, task, call, time);
    char name[SHORT];
    uint32_t length = read_name(task, address, name);
    if (!length) return 0;
    if (removes || flags & WRITES) {
        if (!is_segment(name, length)) return 0;
        if (let_go(quick, call->identity)) note(quick, SHARED_MEMORY, task->process, name, length, time);
        return 1;
    }
    int found = look_up(quick, name, length);
    if (found == OF_ENVIRONMENT) {
        if (let_go(quick, call->identity)) note(quick, IN_FOLDER, task->process, name, length, time);
        return 1;
    }
    struct named named;
    struct stat status;
    if (found == UNSURE) {
        char folder_name[PATH];
        uint32_t before = 0;
        if (name[0] != '/' && (folder != HERE || !(before = folder_of(task, folder_name, time)))) return 0;
        name_it(&named, folder_name, before, name, length);
        found = look_up_data(quick, task->process, &named, &status);
        if (found == UNSURE) return 0;
    }
    if (let_go(quick, call->identity) && found == OF_DATA) note_read(quick, task->process, &named, &status, time);
    return 1;
}

struct quick *quick_new(int listener, uint32_t machine, const int32_t calls[7], void *page, uint32_t together) {
    struct quick *quick = calloc(1, sizeof *quick);
    if (!quick) return NULL;
    quick->listener = listener;
    quick->machine = machine;
    quick->openat = calls[0];
    quick->open = calls[1];
    quick->unlinkat = calls[2];
    quick->unlink = calls[3];
    quick->connect = calls[4];
    quick->linkat = calls[5];
    quick->link = calls[6];
    quick->page = page;
    quick->together = together;
    quick->room = 1024;
    for (int i = 0; i < OTHERS; i++) quick->others[i] = -1;
    quick->events = calloc(together + 1, sizeof *quick->events); /* a call may note two */
    quick->entries = calloc(quick->room, sizeof *quick->entries);
    return quick->events && quick->entries ? quick : NULL;
}

void quick_wait_for(struct quick *quick, const int others[OTHERS]) {
    memcpy(quick->others, others, sizeof quick->others);
}

void quick_be_passive(struct quick *quick) {
    quick->passive = 1;
    quick->board = NULL; /* what is posted from now on is nobody's business, and a full board has them ask */
}

uint64_t quick_calls(const struct quick *quick) { return quick->calls; }

const struct event *quick_events(const struct quick *quick) { return quick->events; }

/* How many wait in `quick_events`; they are the caller's from now on, until the next call is taken. */
uint32_t quick_drain(struct quick *quick) {
    take_posts(quick);
    uint32_t waiting = quick->waiting;
    quick->waiting = 0;
    return waiting;
}

uint32_t quick_waiting(const struct quick *quick) { return quick->waiting + (uint32_t)somebody_posted(quick); }

uint64_t board_size(void) { return sizeof(struct board); }

/* Write the head of a board that is all zeros. */
void board_begin(struct board *board, const uint64_t cookie[2], uint64_t mounts, const uint64_t root[2]) {
    memcpy(board->cookie, cookie, sizeof board->cookie);
    memcpy(board->root, root, sizeof board->root);
    board->mounts = mounts;
    board->word = BOARD_WORD;
}

/* Nobody posts from now on. */
void board_close(struct board *board) { __atomic_store_n(&board->closed, 1, __ATOMIC_RELEASE); }

void quick_read(struct quick *quick, struct board *board) { quick->board = board; }

uint64_t quick_posts(const struct quick *quick) { return quick->posts; }

void quick_meet(struct quick *quick, int32_t number, int32_t memory, int32_t folder, uint32_t process, int64_t seen) {
    struct task *task = task_of(quick, number);
    for (uint32_t at = (uint32_t)number, left = TASKS; !task && left; at++, left--) {
        struct task *place = &quick->tasks[at & (TASKS - 1)];
        if (place->number <= 0) task = place;
    }
    if (!task) return;
    *task = (struct task){number, memory, folder, process, seen};
}

void quick_part(struct quick *quick, int32_t number) {
    struct task *task = task_of(quick, number);
    if (task) task->number = -1;
}

void quick_noted(struct quick *quick, const uint8_t *key, uint32_t length) { place(quick, key, length); }

void quick_file(struct quick *quick, const uint8_t *key, uint32_t length, uint64_t inode, const uint32_t *processes,
                uint32_t count) {
    struct entry *entry = place(quick, key, length);
    if (!entry) return;
    entry->inode = inode;
    entry->everybody = !processes;
    memset(entry->processes, 0, sizeof entry->processes);
    for (uint32_t i = 0; processes && i < count && i < PROCESSES; i++) entry->processes[i] = processes[i];
}

void quick_forget(struct quick *quick, const uint8_t *key, uint32_t length) {
    struct entry *entry = find(quick, key, length);
    if (!entry) return;
    free(entry->key);
    entry->key = NULL;
    entry->length = 1;
}

/* All of one manner. */
void quick_forget_all(struct quick *quick, uint8_t manner) {
    for (uint32_t i = 0; i < quick->room; i++) {
        struct entry *entry = &quick->entries[i];
        if (entry->key && entry->key[0] == manner) {
            free(entry->key);
            entry->key = NULL;
            entry->length = 1;
        }
    }
}

/* Answer calls until there is something for the interpreter; `patience` in milliseconds, -1 for ever.
 *
 * TO_HANDLE: `call` has been received and waits. TO_SETTLE: time is up, or enough waits to be worked out. OTHER: another
 * descriptor is ready. NOBODY: no process is left under the filter. A negative number is an error of receiving.
 */
int quick_run(struct quick *quick, int64_t patience, int64_t pause, struct notification *call) {
    struct pollfd ready[1 + OTHERS];
    ready[0] = (struct pollfd){quick->listener, POLLIN, 0};
    for (int i = 0; i < OTHERS; i++) ready[1 + i] = (struct pollfd){quick->others[i], POLLIN, 0};
    int64_t deadline = patience < 0 ? -1 : now() + patience * 1000000;
    for (;;) {
        take_posts(quick);
        if (quick->waiting >= quick->together) return TO_SETTLE;
        int64_t wait = -1;
        if (deadline >= 0) {
            wait = (deadline - now() + 999999) / 1000000;
            if (wait < 0) wait = 0;
        }
        /* Posts wake nobody. */
        int looks = !quick->waiting && quick->board && __atomic_load_n(&quick->board->used, __ATOMIC_RELAXED);
        if (wait >= 0 && wait <= pause) looks = 0;
        else if (looks || quick->waiting) wait = pause;
        int count = poll(ready, 1 + OTHERS, (int)wait);
        if (count < 0) return errno == EINTR ? TO_SETTLE : -errno;
        if (!count && looks) continue;
        if (!count) return TO_SETTLE;
        for (int i = 0; i < OTHERS; i++)
            if (ready[1 + i].revents) return OTHER;
        if (!(ready[0].revents & POLLIN)) return NOBODY;
        memset(call, 0, sizeof *call);
        if (ioctl(quick->listener, RECEIVE, call)) {
            if (errno == ENOENT || errno == EINTR || errno == EAGAIN) continue;
            return -errno;
        }
        quick->page[0] = call->identity;
        if (quick->passive) {
            quick->calls++;
            let_go(quick, call->identity);
            continue;
        }
        if (!answers(quick, call)) return TO_HANDLE;
        quick->calls++;
        if (quick->waiting >= quick->together) return TO_SETTLE;
    }
}

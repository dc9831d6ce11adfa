/* Files that the interpreter opens for reading, posted in shared memory instead of asking the supervisor about each.
 *
 * A notification stops the thread that opens until another process has answered: on a machine whose cores are all at work
 * that costs ten times what the answer takes. Here the opening process writes the name on the board (`board.h`) and goes
 * on; its call carries two words that the filter knows, and passes. What isn't certain is left to the filter: files that
 * are written, names that mean something else to each process, a full board, the first file after a fork (so that the
 * supervisor has met whoever posts). So are all calls of other libraries than the interpreter.
 *
 * The interpreter's own calls of open(2) go through one address in its table of functions (the global offset table, ELF);
 * that one is exchanged. Source: the ELF specification (System V ABI, "Dynamic Linking"), openat(2), seccomp(2).
 */

#define _GNU_SOURCE
#include "module.h"

#include "board.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <link.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#if defined __x86_64__
#define IN_TABLE R_X86_64_JUMP_SLOT
#define IN_DATA R_X86_64_GLOB_DAT
#elif defined __aarch64__
#define IN_TABLE R_AARCH64_JUMP_SLOT
#define IN_DATA R_AARCH64_GLOB_DAT
#else
#error "no other machine is watched"
#endif

#define PLAIN (O_CLOEXEC | O_LARGEFILE) /* all that may stand beside O_RDONLY */
#define LONGEST 255                     /* bytes of a name: what the supervisor's compiled part takes */
#define SECOND 1000000000LL

typedef int (*opener)(const char *, int, ...);

static opener original; /* of libc */
static struct board *board;
static int32_t whose; /* the process that the supervisor has met; a child's first call says that it is another */

/* Write the name on the board; false where the supervisor has to be asked. */
static int put_up(const char *name) {
    if (__atomic_load_n(&board->closed, __ATOMIC_ACQUIRE)) return 0;
    int32_t process = (int32_t)syscall(SYS_getpid); /* no fork hides from it, whoever forks */
    if (__atomic_load_n(&whose, __ATOMIC_RELAXED) != process) {
        __atomic_store_n(&whose, process, __ATOMIC_RELAXED);
        return 0;
    }
    size_t length = strnlen(name, LONGEST + 1);
    if (!length || length > LONGEST || !strncmp(name, "/proc/", 6) || !strncmp(name, "/dev/", 5)) return 0;
    char folder[POST_TEXT];
    size_t before = 0;
    if (name[0] != '/') {
        long got = syscall(SYS_getcwd, folder, sizeof folder - length); /* with its NUL */
        if (got < 2 || folder[0] != '/') return 0;
        before = (size_t)got - 1;
    }
    uint64_t number = __atomic_load_n(&board->next, __ATOMIC_RELAXED);
    struct post *at;
    uint64_t turn;
    do {
        at = &board->posts[number % BOARD_PLACES];
        turn = number / BOARD_PLACES * 2;
        /* What stands here was not read yet, or another begins just now: that one's call will ask, or this one does. */
        if (__atomic_load_n(&at->turn, __ATOMIC_ACQUIRE) != turn) return 0;
    } while (!__atomic_compare_exchange_n(&board->next, &number, number + 1, 0, __ATOMIC_RELAXED, __ATOMIC_RELAXED));
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    at->time = time.tv_sec * SECOND + time.tv_nsec;
    at->process = (uint32_t)process;
    at->folder = (uint16_t)before;
    at->name = (uint16_t)length;
    memcpy(at->text, folder, before);
    memcpy(at->text + before, name, length);
    __atomic_store_n(&at->turn, turn + 1, __ATOMIC_RELEASE);
    return 1;
}

/* What the interpreter calls instead of libc's. */
static int open_posted(const char *name, int flags, ...) {
    if (!(flags & ~PLAIN) && put_up(name))
        return (int)syscall(SYS_openat, AT_FDCWD, name, flags, 0L, board->cookie[0], board->cookie[1]);
    mode_t mode = 0;
    if (flags & O_CREAT || (flags & O_TMPFILE) == O_TMPFILE) {
        va_list rest;
        va_start(rest, flags);
        mode = va_arg(rest, mode_t);
        va_end(rest);
    }
    return original(name, flags, mode);
}

/* The tables of one loaded object that say where the addresses of others' functions are kept. */
struct tables {
    ElfW(Addr) base, kept_from, kept_to; /* what the loader makes read-only once it is filled */
    const ElfW(Rela) * calls, *data;
    size_t calls_size, data_size;
    const ElfW(Sym) * symbols;
    const char *names;
};

static int read_tables(const struct dl_phdr_info *object, struct tables *found) {
    const ElfW(Dyn) *entry = NULL;
    memset(found, 0, sizeof *found);
    found->base = object->dlpi_addr;
    for (int i = 0; i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &object->dlpi_phdr[i];
        if (part->p_type == PT_DYNAMIC) entry = (const void *)(found->base + part->p_vaddr);
        if (part->p_type == PT_GNU_RELRO) {
            found->kept_from = found->base + part->p_vaddr;
            found->kept_to = found->kept_from + part->p_memsz;
        }
    }
    for (; entry && entry->d_tag != DT_NULL; entry++) {
        /* glibc has added the base already, musl has not. */
        ElfW(Addr) address = entry->d_un.d_ptr < found->base ? found->base + entry->d_un.d_ptr : entry->d_un.d_ptr;
        switch (entry->d_tag) {
        case DT_JMPREL: found->calls = (const void *)address; break;
        case DT_PLTRELSZ: found->calls_size = entry->d_un.d_val; break;
        case DT_RELA: found->data = (const void *)address; break;
        case DT_RELASZ: found->data_size = entry->d_un.d_val; break;
        case DT_SYMTAB: found->symbols = (const void *)address; break;
        case DT_STRTAB: found->names = (const void *)address; break;
        }
    }
    return found->symbols && found->names;
}

/* Put `open_posted` where the object keeps the address of `name`; how often. */
static int exchange(const struct tables *tables, const ElfW(Rela) * entries, size_t size, const char *name) {
    int count = 0;
    const ElfW(Addr) page = (ElfW(Addr))sysconf(_SC_PAGESIZE);
    for (size_t i = 0; entries && i < size / sizeof *entries; i++) {
        const ElfW(Rela) *entry = &entries[i];
        if (ELF64_R_TYPE(entry->r_info) != IN_TABLE && ELF64_R_TYPE(entry->r_info) != IN_DATA) continue;
        if (strcmp(tables->names + tables->symbols[ELF64_R_SYM(entry->r_info)].st_name, name)) continue;
        ElfW(Addr) slot = tables->base + entry->r_offset, start = slot & -page;
        int is_kept = start >= (tables->kept_from & -page) && start + page <= (tables->kept_to & -page);
        if (is_kept && mprotect((void *)start, page, PROT_READ | PROT_WRITE)) continue;
        __atomic_store_n((void **)slot, (void *)open_posted, __ATOMIC_RELEASE);
        if (is_kept) mprotect((void *)start, page, PROT_READ);
        count++;
    }
    return count;
}

/* In the program and in a library that is the interpreter, and nowhere else. */
static int exchange_in(struct dl_phdr_info *object, size_t size, void *count) {
    (void)size;
    const char *slash = strrchr(object->dlpi_name, '/');
    const char *file = slash ? slash + 1 : object->dlpi_name;
    if (*file && strncmp(file, "libpython", 9)) return 0;
    struct tables tables;
    if (!read_tables(object, &tables)) return 0;
    for (int i = 0; i < 2; i++) {
        const char *name = i ? "open64" : "open";
        *(int *)count += exchange(&tables, tables.calls, tables.calls_size, name);
        *(int *)count += exchange(&tables, tables.data, tables.data_size, name);
    }
    return 0;
}

/* Whether a function is libc's own: where a library stands in front of it, that one has to be called. */
static int is_of_libc(void *function) {
    void *other = dlsym(RTLD_DEFAULT, "getcwd");
    Dl_info here, there;
    return other && dladdr(function, &here) && dladdr(other, &there) && here.dli_fbase == there.dli_fbase;
}

/* Whether names and numbers of processes mean here what they mean to the supervisor. */
static int is_same_place(const struct board *with) {
    struct stat mounts, root;
    char number[16];
    ssize_t length = readlink("/proc/self", number, sizeof number - 1);
    if (length <= 0 || stat("/proc/self/ns/mnt", &mounts) || stat("/", &root)) return 0;
    number[length] = 0;
    return strtol(number, NULL, 10) == getpid() && mounts.st_ino == with->mounts && root.st_dev == with->root[0] &&
           root.st_ino == with->root[1];
}

static struct board *map(const char *path, const uint64_t cookie[2]) {
    int descriptor = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC, 0L, cookie[0], cookie[1]);
    if (descriptor < 0) return NULL;
    struct stat status;
    struct board *found = MAP_FAILED;
    if (!fstat(descriptor, &status) && status.st_size == sizeof *found)
        found = mmap(NULL, sizeof *found, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
    close(descriptor);
    if (found == MAP_FAILED) return NULL;
    if (found->word == BOARD_WORD && !memcmp(found->cookie, cookie, sizeof found->cookie) && is_same_place(found))
        return found;
    munmap(found, sizeof *found);
    return NULL;
}

PyObject *post(PyObject *module, PyObject *arguments) {
    (void)module;
    const char *path;
    unsigned long long cookie[2];
    if (!PyArg_ParseTuple(arguments, "sKK", &path, &cookie[0], &cookie[1])) return NULL;
    int count = 0;
    void *found = dlsym(RTLD_DEFAULT, "open"), *wide = dlsym(RTLD_DEFAULT, "open64"); /* musl has only the first */
    if (!board && found && is_of_libc(found) && (!wide || is_of_libc(wide)) &&
        (board = map(path, (const uint64_t[]){cookie[0], cookie[1]}))) {
        original = (opener)found;
        whose = (int32_t)getpid();
        __atomic_store_n(&board->used, 1, __ATOMIC_RELAXED);
        dl_iterate_phdr(exchange_in, &count);
    }
    return PyBool_FromLong(count);
}

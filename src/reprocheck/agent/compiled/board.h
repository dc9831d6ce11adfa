/* The board: memory in which processes of the command post what they open, and the supervisor reads it.
 *
 * `posting.c` writes; `quick.c` and `board.py` of the supervisor read and make it, all of zeros but for the head.
 * Whatever stands here the command's processes can write, so the supervisor trusts it for nothing.
 */

#include <stdint.h>

#define BOARD_WORD 0x31206472616f6220ull /* " board 1" */
#define BOARD_PLACES 4096                /* of posts that wait, a power of two */
#define POST_TEXT 488

/* One file that is about to be opened for reading. */
struct post {
    uint64_t turn; /* twice the number of posts that stood here and were read; one more while another waits to be read */
    int64_t time;  /* CLOCK_MONOTONIC, nanoseconds */
    uint32_t process;
    uint16_t folder; /* bytes of the working folder; 0 before an absolute name */
    uint16_t name;   /* bytes of the name as the call has it */
    char text[POST_TEXT]; /* both, nothing between them or behind */
};

_Static_assert(sizeof(struct post) == 512, "posts are aligned");

struct board {
    uint64_t word;
    uint32_t closed; /* the supervisor wants to be asked about every file again */
    uint32_t used;   /* some process posts */
    uint64_t cookie[2]; /* in the last two arguments of an openat(2) that is posted; the filter lets it pass */
    uint64_t mounts;    /* inode of the supervisor's mount namespace: names mean the same to all who have it, */
    uint64_t root[2];   /* and this root: device, inode */
    uint64_t apart;
    uint64_t next; /* number of posts that were begun; with a cache line of its own */
    uint64_t also_apart[7];
    struct post posts[BOARD_PLACES];
};

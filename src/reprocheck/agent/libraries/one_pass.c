/* Digest, norm, smallest and largest element of a row of 32-bit floats, in one pass over memory.
 *
 * torch needs a pass for each, and one more that widens what is multiplied. The digest is the one that `tensors.py`
 * defines. Sixteen sums run side by side whatever the processor has, so that the norm doesn't hang on it either.
 *
 * A plain library for ctypes: nothing of Python's or torch's is used, so that one build serves every version of both.
 */

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define BLOCK 32768
#define LANES 16
#define LENGTH 0x9E3779B97F4A7C15u

/* One body for each kind of processor, chosen when the library is loaded: glibc can do that, musl can't. */
#if defined(__x86_64__) && defined(__GLIBC__) && !defined(__clang__) && __GNUC__ >= 12
#define EVERY_PROCESSOR __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#elif defined(__x86_64__) && defined(__GLIBC__) && !defined(__clang__) && __GNUC__ >= 6
#define EVERY_PROCESSOR __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define EVERY_PROCESSOR
#endif

struct measures {
    uint64_t digest;
    double squares; /* their sum; NaN where an element is */
    float low, high;
};

struct lanes {
    uint64_t sums[LANES];
    double squares[LANES];
    float low[LANES], high[LANES];
};

static uint64_t inner[BLOCK];

/* Steele, Lea, Flood: Fast splittable pseudorandom number generators (2014), their mixing function. */
static uint64_t splitmix64(uint64_t number) {
    number += 0x9E3779B97F4A7C15u;
    number = (number ^ (number >> 30)) * 0xBF58476D1CE4E5B9u;
    number = (number ^ (number >> 27)) * 0x94D049BB133111EBu;
    return number ^ (number >> 31);
}

__attribute__((constructor)) static void prepare(void) {
    for (uint64_t place = 0; place < BLOCK; place++) inner[place] = splitmix64(place) | 1;
}

static inline void take(struct lanes *lanes, const char *data, const uint64_t *weights, size_t count) {
    for (size_t i = 0; i < count; i++) {
        int32_t word;
        float element;
        memcpy(&word, data + i * 4, 4);
        memcpy(&element, data + i * 4, 4);
        lanes->sums[i] += (uint64_t)(int64_t)word * weights[i];
        lanes->squares[i] += (double)element * element;
        lanes->low[i] = element < lanes->low[i] ? element : lanes->low[i];
        lanes->high[i] = element > lanes->high[i] ? element : lanes->high[i];
    }
}

/* The sum of word times weight; the rest goes on in `lanes`. */
EVERY_PROCESSOR static uint64_t block_of(struct lanes *kept, const char *data, size_t count) {
    struct lanes lanes = *kept;
    uint64_t total = 0;
    size_t at = 0;
    memset(lanes.sums, 0, sizeof lanes.sums);
    for (; at + LANES <= count; at += LANES) take(&lanes, data + at * 4, inner + at, LANES);
    take(&lanes, data + at * 4, inner + at, count - at);
    for (int lane = 0; lane < LANES; lane++) total += lanes.sums[lane];
    *kept = lanes;
    return total;
}

/* `data` has at least one element; it need not be aligned. */
void one_pass(const char *data, uint64_t count, struct measures *found) {
    struct lanes lanes;
    float first;
    memcpy(&first, data, 4);
    for (int lane = 0; lane < LANES; lane++) {
        lanes.squares[lane] = 0;
        lanes.low[lane] = lanes.high[lane] = first;
    }
    uint64_t digest = count * LENGTH;
    for (uint64_t block = 0; block * BLOCK < count; block++) {
        uint64_t left = count - block * BLOCK;
        uint64_t sum = block_of(&lanes, data + block * BLOCK * 4, left < BLOCK ? left : BLOCK);
        digest += sum * (splitmix64(((uint64_t)1 << 32) + block) | 1);
    }
    found->digest = digest;
    found->squares = 0;
    found->low = lanes.low[0];
    found->high = lanes.high[0];
    for (int lane = 0; lane < LANES; lane++) {
        found->squares += lanes.squares[lane];
        if (lanes.low[lane] < found->low) found->low = lanes.low[lane];
        if (lanes.high[lane] > found->high) found->high = lanes.high[lane];
    }
}

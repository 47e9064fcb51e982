// SPDX-License-Identifier: MIT
// What the guest's shell cannot do. Linked statically; it runs in the guest's initramfs.
//
//   vmtool probes FILE
//       defines the kprobes of FILE, one a line (alternatives separated by tabs: the first that is accepted); prints
//       those that are refused
//   vmtool pin FIRST LAST COUNT
//       pins COUNT pages of its own with frame numbers in [FIRST, LAST] by vmsplice into a pipe, prints "pinned", and
//       holds them until it is killed
//   vmtool watch FILE WORD TO VALUE
//       writes VALUE to TO as soon as FILE begins with WORD
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

static int write_to(const char* file, const char* text, int flags) {
    const int fd = open(file, O_WRONLY | flags);
    if (fd < 0) return -1;
    const ssize_t written = write(fd, text, strlen(text));
    const int error = errno;
    close(fd);
    errno = error;
    return written < 0 ? -1 : 0;
}

static int probes(const char* file) {
    FILE* in = fopen(file, "r");
    if (!in) return 2;
    static char line[16384];
    int refused = 0;
    while (fgets(line, sizeof line, in)) {
        line[strcspn(line, "\n")] = 0;
        int done = 0;
        char* rest = line;
        for (char* one = strsep(&rest, "\t"); one && !done; one = strsep(&rest, "\t")) {
            char text[8192];
            snprintf(text, sizeof text, "%s\n", one);
            done = write_to("/sys/kernel/tracing/kprobe_events", text, O_APPEND) == 0;
        }
        if (!done) {
            printf("refused: %.100s: %s\n", line, strerror(errno));
            ++refused;
        }
    }
    fclose(in);
    return refused != 0;
}

static int pin(uint64_t first, uint64_t last, int count) {
    const size_t size = (size_t)64 << 20;
    const long page = sysconf(_SC_PAGESIZE);
    const int map = open("/proc/self/pagemap", O_RDONLY);
    int ends[2];
    if (map < 0 || pipe(ends) != 0) return 2;
    enum { most_chunks = 12, most_pages = 64 };
    char* chunks[most_chunks];
    char* pins[most_pages];
    int used = 0;
    int pinned = 0;
    if (count < 1 || count > most_pages) return 2;
    // Memory that lies elsewhere is kept until all are found, or the allocator gives the same frames again.
    for (; used < most_chunks && pinned < count; ++used) {
        char* at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (at == MAP_FAILED) break;
        chunks[used] = at;
        madvise(at, size, MADV_NOHUGEPAGE);
        for (size_t i = 0; i < size && pinned < count; i += (size_t)page) {
            at[i] = 1;
            uint64_t entry = 0;
            const off_t where = (off_t)((uintptr_t)(at + i) / (uintptr_t)page * sizeof entry);
            if (pread(map, &entry, sizeof entry, where) != sizeof entry) continue;
            const uint64_t frame = entry & (((uint64_t)1 << 55) - 1);
            if (frame < first || frame > last) continue;
            struct iovec part = {at + i, (size_t)page};
            if (vmsplice(ends[1], &part, 1, 0) == page) pins[pinned++] = at + i;
        }
    }
    for (int chunk = 0; chunk < used; ++chunk) {
        char* from = chunks[chunk];
        for (int i = 0; i < pinned; ++i) {
            if (pins[i] < chunks[chunk] || pins[i] >= chunks[chunk] + size) continue;
            madvise(from, (size_t)(pins[i] - from), MADV_DONTNEED);
            from = pins[i] + page;
        }
        madvise(from, (size_t)(chunks[chunk] + size - from), MADV_DONTNEED);
    }
    printf(pinned == count ? "pinned\n" : "pinned %d of %d\n", pinned, count);
    fflush(stdout);
    if (pinned == count) pause();
    return pinned == count ? 0 : 1;
}

static int watch(const char* file, const char* word, const char* to, const char* value) {
    for (;;) {
        char text[64] = "";
        const int fd = open(file, O_RDONLY);
        if (fd < 0) return 2;
        const ssize_t got = read(fd, text, sizeof text - 1);
        close(fd);
        if (got > 0 && strncmp(text, word, strlen(word)) == 0) break;
    }
    return write_to(to, value, O_TRUNC) == 0 ? 0 : 2;
}

int main(int argc, char** argv) {
    if (argc == 3 && strcmp(argv[1], "probes") == 0) return probes(argv[2]);
    if (argc == 5 && strcmp(argv[1], "pin") == 0)
        return pin(strtoull(argv[2], NULL, 0), strtoull(argv[3], NULL, 0), atoi(argv[4]));
    if (argc == 6 && strcmp(argv[1], "watch") == 0) return watch(argv[2], argv[3], argv[4], argv[5]);
    fprintf(stderr, "vmtool: bad usage\n");
    return 2;
}

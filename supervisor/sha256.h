/* SPDX-License-Identifier: MIT */
/* SHA-256 (FIPS 180-4), a stream at a time. */
#ifndef SV_SHA256_H
#define SV_SHA256_H

#include <stddef.h>
#include <stdint.h>

#define SHA256_HEX_SIZE 65 /* 64 digits and a NUL */

struct sha256 {
	uint32_t state[8];
	uint64_t length; /* bytes so far */
	unsigned char block[64];
};

void sha256_begin(struct sha256 *hash);
void sha256_add(struct sha256 *hash, const void *data, size_t size);

/* Ends it, and writes the digest in lower-case hexadecimal. */
void sha256_end(struct sha256 *hash, char hex[SHA256_HEX_SIZE]);

#endif

/* SPDX-License-Identifier: MIT */
/* See sha256.h. The names of the variables are those of FIPS 180-4. */
#include "sha256.h"

#include <stdio.h>
#include <string.h>

static const uint32_t K[64] = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4,
	0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe,
	0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f,
	0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7,
	0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc,
	0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
	0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116,
	0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
	0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
	0xc67178f2,
};

/*
 * Much of the time of an import goes by in add_block(): the one function whose speed is worth more than its size. A
 * function that isn't optimised alike would be called, hundreds of times a block, so these are macros.
 */
#define ROTATE(word, count)  ((word) >> (count) | (word) << (32 - (count)))
#define SIGMA(word, x, y, z) (ROTATE(word, x) ^ ROTATE(word, y) ^ ROTATE(word, z))
#define sigma(word, x, y, z) (ROTATE(word, x) ^ ROTATE(word, y) ^ (word) >> (z))

#ifndef __clang__
__attribute__((optimize("O2")))
#endif
static void
add_block(uint32_t state[8], const unsigned char *block)
{
	uint32_t a = state[0], b = state[1], c = state[2], d = state[3];
	uint32_t e = state[4], f = state[5], g = state[6], h = state[7];
	uint32_t W[64];

	for (unsigned t = 0; t < 16; t++, block += 4)
		W[t] = (uint32_t)block[0] << 24 | (uint32_t)block[1] << 16 |
		       (uint32_t)block[2] << 8 | block[3];
	for (unsigned t = 16; t < 64; t++)
		W[t] = sigma(W[t - 2], 17, 19, 10) + W[t - 7] + sigma(W[t - 15], 7, 18, 3) +
		       W[t - 16];
	for (unsigned t = 0; t < 64; t++) {
		uint32_t T1 = h + SIGMA(e, 6, 11, 25) + ((e & f) ^ (~e & g)) + K[t] + W[t];
		uint32_t T2 = SIGMA(a, 2, 13, 22) + ((a & b) ^ (a & c) ^ (b & c));

		h = g;
		g = f;
		f = e;
		e = d + T1;
		d = c;
		c = b;
		b = a;
		a = T1 + T2;
	}
	state[0] += a;
	state[1] += b;
	state[2] += c;
	state[3] += d;
	state[4] += e;
	state[5] += f;
	state[6] += g;
	state[7] += h;
}

void sha256_begin(struct sha256 *hash)
{
	static const uint32_t first[8] = { 0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
					   0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19 };

	memcpy(hash->state, first, sizeof(first));
	hash->length = 0;
}

void sha256_add(struct sha256 *hash, const void *data, size_t size)
{
	const unsigned char *bytes = data;
	size_t used = hash->length % sizeof(hash->block);

	hash->length += size;
	if (used > 0) {
		size_t room = sizeof(hash->block) - used, take = size < room ? size : room;

		memcpy(hash->block + used, bytes, take);
		if (take < room)
			return;
		add_block(hash->state, hash->block);
		bytes += take;
		size -= take;
	}
	for (; size >= sizeof(hash->block); size -= sizeof(hash->block)) {
		add_block(hash->state, bytes);
		bytes += sizeof(hash->block);
	}
	if (size > 0)
		memcpy(hash->block, bytes, size);
}

void sha256_end(struct sha256 *hash, char hex[SHA256_HEX_SIZE])
{
	static const unsigned char padding[64] = { 0x80 };
	uint64_t bits = hash->length * 8;
	size_t used = hash->length % 64;
	unsigned char length[8];

	for (unsigned i = 0; i < 8; i++)
		length[i] = (unsigned char)(bits >> (56 - 8 * i));
	sha256_add(hash, padding, used < 56 ? 56 - used : 120 - used);
	sha256_add(hash, length, sizeof(length));
	for (size_t i = 0; i < 8; i++)
		(void)snprintf(hex + i * 8, 9, "%08x", (unsigned)hash->state[i]);
}

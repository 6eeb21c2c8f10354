/* SPDX-License-Identifier: MIT */
/* SHA-256 against the vectors of FIPS 180-4's examples, whole and in pieces. */
#include "supervisor/sha256.h"

#include "tap.h"

#include <stdlib.h>
#include <string.h>

static const struct {
	const char *text;
	unsigned repeat;
	const char *hex;
} rows[] = {
	{ "abc", 1, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
	{ "", 1, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
	{ "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1,
	  "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
	{ "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrs"
	  "mnopqrstnopqrstu",
	  1, "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1" },
	{ "a", 1000000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0" },
};

static void knows_the_vectors(void)
{
	char hex[SHA256_HEX_SIZE];
	struct sha256 hash;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		sha256_begin(&hash);
		for (unsigned k = 0; k < rows[i].repeat; k++)
			sha256_add(&hash, rows[i].text, strlen(rows[i].text));
		sha256_end(&hash, hex);
		is_str(hex, rows[i].hex, "a vector");
	}
}

static void pieces_make_no_difference(void)
{
	char text[300], whole[SHA256_HEX_SIZE], hex[SHA256_HEX_SIZE];
	struct sha256 hash;
	unsigned wrong = 0;

	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (char)(i * 7);
	for (size_t length = 0; length <= sizeof(text); length++) {
		sha256_begin(&hash);
		sha256_add(&hash, text, length);
		sha256_end(&hash, whole);
		for (size_t step = 1; step < 130; step += 9) {
			sha256_begin(&hash);
			for (size_t at = 0; at < length; at += step)
				sha256_add(&hash, text + at,
					   length - at < step ? length - at : step);
			sha256_end(&hash, hex);
			wrong += strcmp(hex, whole) != 0;
		}
	}
	is_int(wrong, 0, "any pieces of any length give the same");
}

int main(void)
{
	knows_the_vectors();
	pieces_make_no_difference();
	return tap_done();
}

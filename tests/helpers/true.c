/* SPDX-License-Identifier: MIT */
/* true: the least a static program does. */

int main(void)
{
	return 0;
}

/* SPDX-License-Identifier: MIT */
/* What a child gives up before it touches bytes of somebody else's. */
#ifndef SV_RIGHTS_H
#define SV_RIGHTS_H

/*
 * Makes this process nobody's, where there is a nobody; in a user's namespace of one id there is not: then root's with no
 * capability. no_new_privs sees to it that none comes back, whatever it executes. Takes PR_SET_PDEATHSIG away, as any change of
 * user does. Ends the process where it can't.
 */
void rights_drop(void);

#endif

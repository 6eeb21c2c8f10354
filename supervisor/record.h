/* SPDX-License-Identifier: MIT */
/* What init reports, received and put into words. */
#ifndef SV_RECORD_H
#define SV_RECORD_H

#include "../init/plan.h"
#include "error.h"

/*
 * Receives one record, without waiting. 1: *record is one (checked), and *fd the descriptor that came with it or -1;
 * 0: none there yet; negative: the other end is closed, or what came is no record.
 */
int record_receive(int socket, struct plan_record *record, int *fd);

/* Fills the error, its exit status and, where known, its hint from a FAILED record. */
void record_explain(const struct plan_record *record, struct error *error);

/* Why namespaces can't be made, from the errno; "" where it says it all. */
const char *record_hint_of_namespaces(int number);

#endif

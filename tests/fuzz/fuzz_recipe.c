/* SPDX-License-Identifier: MIT */
/* Recipes: any bytes. A failure names the recipe; what is taken keeps its promises. */
#include "supervisor/recipe.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_step(const struct recipe_step *step, size_t number)
{
	size_t sum = strlen(step->text);

	if (step->kind >= RECIPE_KIND_COUNT || (step->kind == RECIPE_FROM) != (number == 0))
		abort();
	for (size_t i = 0; i < step->words.count; i++)
		sum += strlen(step->words.rows[i]);
	if (sum == SIZE_MAX || (step->kind == RECIPE_COPY && step->words.count < 2) ||
	    (step->kind == RECIPE_RUN && step->words.count == 0 && step->text[0] != '['))
		abort();
	for (size_t i = 0; step->kind == RECIPE_ENV && i < step->words.count; i++)
		if (strchr(step->words.rows[i], '=') == NULL)
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct recipe recipe = { .memory = { .blocks = NULL } };
	struct error error = { 0 };
	char *text = malloc(size + 1);
	int result;

	if (text == NULL)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	result = recipe_parse(&recipe, "Recipe", text, size, &error);
	free(text);
	if ((result < 0) != error_is_set(&error) ||
	    (result < 0 && strncmp(error.text, "Recipe:", 7) != 0))
		abort();
	for (size_t i = 0; result == 0 && i < recipe.steps.count; i++)
		check_step(&recipe.steps.rows[i], i);
	recipe_free(&recipe);
	return 0;
}

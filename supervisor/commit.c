/* SPDX-License-Identifier: MIT */
/* `sv commit`: a kept container becomes an image: the layers that it was over, and what it has written as one more. */
#include "verbs.h"

#include "../init/lib/fd.h"
#include "container.h"
#include "layer.h"
#include "store_verb.h"

#include <stdio.h>

/* The defaults are those of the image that it was made from, if that is still there. */
static int take_base(const struct container *container, struct image *image, struct error *error)
{
	if (container->layers.count == 0)
		return error_hint(error,
				  error_set(error, 0, "container '%s' is over no image",
					    container->name),
				  "sv image import makes one of what it is over: %s",
				  container->directory != NULL ? container->directory
				  : container->file != NULL    ? container->file
							       : "?");
	if (container->image != NULL && image_read(container->store, container->image, image) < 0) {
		image_free(image);
		image_init(image);
	}
	image->created = NULL;
	return container_layers(container, image) < 0
		       ? error_set(error, -ENOMEM, "cannot read container '%s'", container->name)
		       : 0;
}

/* The container's folder is locked, and holds its layers. */
static int commit_container(const struct container *container, const char *name,
			    struct error *error)
{
	FD int upper = container_open_upper(container);
	struct store_work work;
	struct image image;
	int result;

	if (upper < 0)
		return error_set(error, upper, "cannot read container '%s'", container->name);
	image_init(&image);
	result = take_base(container, &image, error);
	if (result == 0)
		result = image_name(image.name, name, error);
	if (result == 0)
		result = store_work_begin(container->store, &work, error);
	if (result == 0) {
		result = layer_add_upper(container->store, &work, upper, &image, error);
		if (result == 0)
			result = image_write(container->store, &work, &image, error);
		store_work_end(container->store, &work);
	}
	image_free(&image);
	return result;
}

static int commit(struct store *store, const char *from, const char *name, struct error *error)
{
	struct container container = { .fd = -1 };
	int result = container_take(&container, store, from, error);

	if (result == 0)
		result = commit_container(&container, name, error);
	(void)container_end(&container, false);
	return result;
}

int verb_commit(int argc, char *const argv[])
{
	static struct error error;
	struct store_verb verb = { .name = "commit",
				   .usage = "sv commit [--root DIR] NAME IMAGE",
				   .least = 2,
				   .most = 2,
				   .makes = true };

	if (store_verb_begin(&verb, argc, argv, &error) == 0)
		(void)commit(&verb.store, verb.words[0], verb.words[1], &error);
	store_verb_end(&verb);
	return error_is_set(&error) ? error_print(&error) : 0;
}

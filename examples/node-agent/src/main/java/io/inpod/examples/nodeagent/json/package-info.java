/** JSON as trees, without data binding. */
@NullMarked
package io.inpod.examples.nodeagent.json;

import org.jspecify.annotations.NullMarked;

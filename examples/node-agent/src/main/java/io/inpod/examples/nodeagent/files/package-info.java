/** The pods of a node without a cluster: a directory with a file for each, which is watched. */
@NullMarked
package io.inpod.examples.nodeagent.files;

import org.jspecify.annotations.NullMarked;

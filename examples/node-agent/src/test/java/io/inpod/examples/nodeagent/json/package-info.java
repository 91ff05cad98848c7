/** Tests of JSON as trees. */
@NullMarked
package io.inpod.examples.nodeagent.json;

import org.jspecify.annotations.NullMarked;

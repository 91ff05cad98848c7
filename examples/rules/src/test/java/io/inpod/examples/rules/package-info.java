@NullMarked
package io.inpod.examples.rules;

import org.jspecify.annotations.NullMarked;

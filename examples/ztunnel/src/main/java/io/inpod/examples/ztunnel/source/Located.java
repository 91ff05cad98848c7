package io.inpod.examples.ztunnel.source;

import org.jspecify.annotations.Nullable;

/**
 * A value of a document with its line, for errors.
 *
 * @param line the line on which it begins, from 1
 * @param value a {@code Map} or {@code List} of located values, a text, a number, a boolean, or null
 */
record Located(int line, @Nullable Object value) {}

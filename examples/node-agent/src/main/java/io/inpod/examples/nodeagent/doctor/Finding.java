package io.inpod.examples.nodeagent.doctor;

import org.jspecify.annotations.Nullable;

/**
 * What a check has found.
 *
 * @param topic what was checked
 * @param status the outcome
 * @param text what was found
 * @param remedy what to do; null if nothing is to be done
 */
record Finding(Topic topic, Status status, String text, @Nullable String remedy) {}

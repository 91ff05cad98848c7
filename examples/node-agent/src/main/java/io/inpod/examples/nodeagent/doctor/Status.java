package io.inpod.examples.nodeagent.doctor;

import java.util.Locale;

/** The outcome of a check. */
enum Status {
    /** As it should be. */
    OK,
    /** Works, but may not be what is wanted. */
    WARN,
    /** The pod can't talk, or isn't protected, until this is mended. */
    FAIL,
    /** Not checked: it doesn't concern this pod, or can't be judged before something else is mended. */
    SKIP;

    String word() {
        return name().toLowerCase(Locale.ROOT);
    }
}

package io.inpod.netlink;

import io.inpod.netns.error.SystemCallException;
import io.inpod.netns.internal.Native;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/** The kernel refused a netlink request; the message has its errno and, where the kernel gave one, its own explanation. */
public final class NetlinkException extends SystemCallException {
    private static final long serialVersionUID = 1L;

    /** The kernel's own explanation, or null. */
    private final @Nullable String kernelMessage;

    /** Where the offending attribute begins, in bytes, or -1. */
    private final int offset;

    /**
     * Describes a refused request.
     *
     * @param operation the request, such as {@code "add link"}
     * @param subject what it was applied to, for people
     * @param errno the error number, greater than 0
     * @param symbol the error's name, such as {@code "EEXIST"}
     * @param explanation the error in words
     */
    public NetlinkException(String operation, String subject, int errno, String symbol, String explanation) {
        this(operation, subject, errno, symbol, explanation, null, -1);
    }

    private NetlinkException(
            String operation, String subject, int errno, String symbol, String explanation, @Nullable String kernelMessage, int offset) {
        super(operation, subject, errno, symbol, explanation
                + (kernelMessage == null ? "" : ": \"" + kernelMessage + "\"") + (offset < 0 ? "" : ", at byte " + offset + " of the request"));
        this.kernelMessage = kernelMessage;
        this.offset = offset;
    }

    /** An errno with the kernel's text, or null, and the offset of what it is about, or -1. */
    static NetlinkException of(String operation, String subject, int errno, @Nullable String kernelMessage, int offset) {
        SystemCallException plain = Native.failure(operation, subject, errno);
        return new NetlinkException(operation, subject, errno, plain.symbol(), Native.describe(errno), kernelMessage, offset);
    }

    /** {@return the kernel's own explanation, NLMSGERR_ATTR_MSG, or null if it gave none} */
    public @Nullable String kernelMessage() {
        return kernelMessage;
    }

    /** {@return where in the request, its header included, the offending attribute begins, in bytes, NLMSGERR_ATTR_OFFS; empty if unknown} */
    public OptionalInt offset() {
        return offset < 0 ? OptionalInt.empty() : OptionalInt.of(offset);
    }

    /** {@return whether the thing to be added is there already (EEXIST)} */
    public boolean alreadyExists() {
        return errno() == 17;
    }

    /** {@return whether a transaction was made for rules that somebody else has changed meanwhile (ERESTART)} */
    public boolean outdated() {
        return errno() == 85;
    }

    /** {@return whether the thing to be changed or deleted isn't there (ENOENT, ESRCH, ENODEV, EADDRNOTAVAIL)} */
    public boolean notFound() {
        return errno() == 2 || errno() == 3 || errno() == 19 || errno() == 99;
    }
}

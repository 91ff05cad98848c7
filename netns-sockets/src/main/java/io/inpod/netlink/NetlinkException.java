package io.inpod.netlink;

import io.inpod.netns.error.SystemCallException;
import io.inpod.netns.internal.Native;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/** Thrown when the kernel refuses a netlink request. The message has the errno and, if there is one, the kernel's explanation. */
public final class NetlinkException extends SystemCallException {
    private static final long serialVersionUID = 1L;

    /** The kernel's explanation, or null. */
    private final @Nullable String kernelMessage;

    /** Where the offending attribute begins, in bytes, or -1. */
    private final int offset;

    /**
     * Describes a refused request.
     *
     * @param operation the request, such as {@code "add link"}
     * @param subject what it was applied to, in words
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
                + (kernelMessage == null ? "" : ": \"" + kernelMessage + "\"")
                + (offset < 0 ? "" : ", at byte " + offset + " of the request"));
        this.kernelMessage = kernelMessage;
        this.offset = offset;
    }

    /** Returns the exception for an errno, with the kernel's explanation, or null, and the offset of the offending attribute, or -1. */
    static NetlinkException of(String operation, String subject, int errno, @Nullable String kernelMessage, int offset) {
        SystemCallException plain = Native.failure(operation, subject, errno);
        return new NetlinkException(operation, subject, errno, plain.symbol(), Native.describe(errno), kernelMessage, offset);
    }

    /** Returns the exception for an errno that the library itself found, with its explanation. */
    static NetlinkException of(String operation, String subject, int errno, String explanation) {
        return new NetlinkException(operation, subject, errno, Native.failure(operation, subject, errno).symbol(), explanation);
    }

    /** {@return the kernel's explanation, NLMSGERR_ATTR_MSG, or null if there is none} */
    public @Nullable String kernelMessage() {
        return kernelMessage;
    }

    /**
     * {@return the offset of the offending attribute in the request, including its header, in bytes, NLMSGERR_ATTR_OFFS; empty if unknown}
     */
    public OptionalInt offset() {
        return offset < 0 ? OptionalInt.empty() : OptionalInt.of(offset);
    }

    /** {@return whether the object to add exists already (EEXIST)} */
    public boolean alreadyExists() {
        return errno() == 17;
    }

    /** {@return whether the rules were changed between reading them and this transaction (ERESTART)} */
    public boolean outdated() {
        return errno() == 85;
    }

    /** {@return whether the object to change or delete doesn't exist (ENOENT, ESRCH, ENODEV, EADDRNOTAVAIL)} */
    public boolean notFound() {
        return errno() == 2 || errno() == 3 || errno() == 19 || errno() == 99;
    }
}

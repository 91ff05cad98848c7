package io.inpod.netlink;

import io.inpod.netns.SystemCallException;

/** The kernel refused a netlink request; the message has its errno and, where the kernel gave one, its own explanation. */
public final class NetlinkException extends SystemCallException {
    private static final long serialVersionUID = 1L;

    /**
     * Describes a refused request.
     *
     * @param operation the request, such as {@code "add link"}
     * @param subject what it was applied to, for people
     * @param errno the error number, greater than 0
     * @param symbol the error's name, such as {@code "EEXIST"}
     * @param explanation the error in words, with the kernel's own text
     */
    public NetlinkException(String operation, String subject, int errno, String symbol, String explanation) {
        super(operation, subject, errno, symbol, explanation);
    }

    /** {@return whether the thing to be added is there already (EEXIST)} */
    public boolean alreadyExists() {
        return errno() == 17;
    }

    /** {@return whether the thing to be changed or deleted isn't there (ENOENT, ESRCH, ENODEV, EADDRNOTAVAIL)} */
    public boolean notFound() {
        return errno() == 2 || errno() == 3 || errno() == 19 || errno() == 99;
    }
}

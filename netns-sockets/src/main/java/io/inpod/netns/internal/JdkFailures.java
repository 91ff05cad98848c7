package io.inpod.netns.internal;

import io.inpod.netns.error.SystemCallException;
import io.inpod.netns.error.SystemCallFailure;
import java.io.IOException;
import java.net.BindException;
import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.net.PortUnreachableException;
import java.net.SocketException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import org.jspecify.annotations.Nullable;

/** Turns failed system calls into the JDK's exceptions where the JDK has one that callers catch; for sockets as the JDK's Net.c does. */
final class JdkFailures {
    private JdkFailures() {}

    static IOException of(SystemCallException plain) {
        String operation = plain.operation();
        int end = operation.indexOf('(');
        return switch (end < 0 ? operation : operation.substring(0, end)) {
            case "open", "unlink" -> ofFile(plain);
            case "mount", "umount2" -> plain.symbol().equals("ENOENT") ? new NoSuchFile(plain) : plain;
            case "bind", "connect", "listen", "accept4", "shutdown" -> ofSocket(plain);
            case "send", "recv", "sendmsg", "recvmsg" ->
                plain.symbol().equals("ECONNREFUSED") ? new PortUnreachable(plain) : ofSocket(plain);
            default -> plain;
        };
    }

    private static IOException ofFile(SystemCallException plain) {
        return switch (plain.symbol()) {
            case "ENOENT", "ESRCH" -> new NoSuchFile(plain);
            case "EACCES", "EPERM" -> new AccessDenied(plain);
            case "EEXIST" -> new FileExists(plain);
            case "ENOTDIR" -> new NotADirectory(plain);
            default -> plain;
        };
    }

    private static IOException ofSocket(SystemCallException plain) {
        return switch (plain.symbol()) {
            case "ECONNREFUSED", "ETIMEDOUT" -> new Connect(plain);
            case "EHOSTUNREACH", "ENETUNREACH" -> new NoRoute(plain);
            case "EADDRINUSE", "EADDRNOTAVAIL" -> new Bind(plain);
            case "ENOENT" -> new NoSuchFile(plain);
            case "EACCES" -> plain.subject().startsWith("/") ? new AccessDenied(plain) : new Bind(plain);
            case "ECONNRESET", "EPIPE", "ENOTCONN", "ECONNABORTED", "ENETDOWN", "EMSGSIZE" -> new Socket(plain);
            default -> plain;
        };
    }

    private interface Carrier extends SystemCallFailure {
        SystemCallException plain();

        @Override
        default String operation() {
            return plain().operation();
        }

        @Override
        default String subject() {
            return plain().subject();
        }

        @Override
        default int errno() {
            return plain().errno();
        }

        @Override
        default String symbol() {
            return plain().symbol();
        }
    }

    private static final class Bind extends BindException implements Carrier {
        private static final long serialVersionUID = 1L;
        private final SystemCallException plain;

        Bind(SystemCallException plain) {
            super(plain.getMessage());
            this.plain = plain;
        }

        @Override
        public SystemCallException plain() {
            return plain;
        }
    }

    private static final class Connect extends ConnectException implements Carrier {
        private static final long serialVersionUID = 1L;
        private final SystemCallException plain;

        Connect(SystemCallException plain) {
            super(plain.getMessage());
            this.plain = plain;
        }

        @Override
        public SystemCallException plain() {
            return plain;
        }
    }

    private static final class NoRoute extends NoRouteToHostException implements Carrier {
        private static final long serialVersionUID = 1L;
        private final SystemCallException plain;

        NoRoute(SystemCallException plain) {
            super(plain.getMessage());
            this.plain = plain;
        }

        @Override
        public SystemCallException plain() {
            return plain;
        }
    }

    private static final class PortUnreachable extends PortUnreachableException implements Carrier {
        private static final long serialVersionUID = 1L;
        private final SystemCallException plain;

        PortUnreachable(SystemCallException plain) {
            super(plain.getMessage());
            this.plain = plain;
        }

        @Override
        public SystemCallException plain() {
            return plain;
        }
    }

    private static final class Socket extends SocketException implements Carrier {
        private static final long serialVersionUID = 1L;
        private final SystemCallException plain;

        Socket(SystemCallException plain) {
            super(plain.getMessage());
            this.plain = plain;
        }

        @Override
        public SystemCallException plain() {
            return plain;
        }
    }

    private static final class NoSuchFile extends NoSuchFileException implements Carrier {
        private static final long serialVersionUID = 1L;
        private final SystemCallException plain;

        NoSuchFile(SystemCallException plain) {
            super(plain.subject());
            this.plain = plain;
        }

        @Override
        public SystemCallException plain() {
            return plain;
        }

        @Override
        public @Nullable String getMessage() {
            return plain.getMessage();
        }
    }

    private static final class AccessDenied extends AccessDeniedException implements Carrier {
        private static final long serialVersionUID = 1L;
        private final SystemCallException plain;

        AccessDenied(SystemCallException plain) {
            super(plain.subject());
            this.plain = plain;
        }

        @Override
        public SystemCallException plain() {
            return plain;
        }

        @Override
        public @Nullable String getMessage() {
            return plain.getMessage();
        }
    }

    private static final class FileExists extends FileAlreadyExistsException implements Carrier {
        private static final long serialVersionUID = 1L;
        private final SystemCallException plain;

        FileExists(SystemCallException plain) {
            super(plain.subject());
            this.plain = plain;
        }

        @Override
        public SystemCallException plain() {
            return plain;
        }

        @Override
        public @Nullable String getMessage() {
            return plain.getMessage();
        }
    }

    private static final class NotADirectory extends NotDirectoryException implements Carrier {
        private static final long serialVersionUID = 1L;
        private final SystemCallException plain;

        NotADirectory(SystemCallException plain) {
            super(plain.subject());
            this.plain = plain;
        }

        @Override
        public SystemCallException plain() {
            return plain;
        }

        @Override
        public @Nullable String getMessage() {
            return plain.getMessage();
        }
    }
}

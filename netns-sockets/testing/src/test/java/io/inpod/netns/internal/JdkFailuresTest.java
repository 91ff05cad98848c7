package io.inpod.netns.internal;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.netns.error.SystemCallException;
import io.inpod.netns.error.SystemCallFailure;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectOutputStream;
import java.net.BindException;
import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.net.PortUnreachableException;
import java.net.SocketException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import org.junit.jupiter.api.Test;

class JdkFailuresTest {
    private static IOException failure(String operation, String subject, int errno) throws IOException {
        SystemCallException plain = Native.failure(operation, subject, errno);
        IOException mapped = JdkFailures.of(plain);
        assertThat(mapped).hasMessage(plain.getMessage()).isInstanceOf(SystemCallFailure.class);
        SystemCallFailure failure = (SystemCallFailure) mapped;
        assertThat(failure.operation()).isEqualTo(operation);
        assertThat(failure.subject()).isEqualTo(subject);
        assertThat(failure.errno()).isEqualTo(errno);
        assertThat(failure.symbol()).isEqualTo(plain.symbol());
        new ObjectOutputStream(new ByteArrayOutputStream()).writeObject(mapped);
        return mapped;
    }

    @Test
    void socketsFailAsTheJdksDo() throws IOException {
        assertThat(failure("connect", "10.0.0.1:80", 111)).isInstanceOf(ConnectException.class).hasMessageContaining("ECONNREFUSED, 111");
        assertThat(failure("connect", "10.0.0.1:80", 110)).isInstanceOf(ConnectException.class);
        assertThat(failure("connect", "10.0.0.1:80", 113)).isInstanceOf(NoRouteToHostException.class);
        assertThat(failure("connect", "10.0.0.1:80", 101)).isInstanceOf(NoRouteToHostException.class);
        assertThat(failure("bind", "10.0.0.1:80", 98)).isInstanceOf(BindException.class);
        assertThat(failure("bind", "10.0.0.1:80", 99)).isInstanceOf(BindException.class);
        assertThat(failure("bind", "10.0.0.1:80", 13)).isInstanceOf(BindException.class);
        assertThat(failure("recv", "10.0.0.1:80", 111)).isInstanceOf(PortUnreachableException.class);
        assertThat(failure("sendmsg", "a socket", 32)).isInstanceOf(SocketException.class);
        assertThat(failure("recvmsg", "a socket", 104)).isInstanceOf(SocketException.class);
    }

    @Test
    void filesFailAsTheJdksDo() throws IOException {
        assertThat(failure("open", "/x", 2)).isInstanceOf(NoSuchFileException.class);
        assertThat(failure("open", "/x", 13)).isInstanceOf(AccessDeniedException.class);
        assertThat(failure("open", "/x", 17)).isInstanceOf(FileAlreadyExistsException.class);
        assertThat(failure("open", "/x", 20)).isInstanceOf(NotDirectoryException.class);
        assertThat(failure("umount2", "/x", 2)).isInstanceOf(NoSuchFileException.class);
        assertThat(failure("connect", "/x", 2)).isInstanceOf(NoSuchFileException.class);
        assertThat(failure("connect", "/x", 13)).isInstanceOf(AccessDeniedException.class);
        assertThat(((FileSystemException) failure("open", "/x", 2)).getFile()).isEqualTo("/x");
    }

    @Test
    void othersArePlain() throws IOException {
        assertThat(failure("setns", "a namespace", 1)).isExactlyInstanceOf(SystemCallException.class);
        assertThat(failure("open", "/x", 24)).isExactlyInstanceOf(SystemCallException.class).hasMessageContaining("ulimit -n");
        assertThat(failure("connect", "/x", 12345)).isExactlyInstanceOf(SystemCallException.class).hasMessageContaining("(errno, 12345)");
    }
}

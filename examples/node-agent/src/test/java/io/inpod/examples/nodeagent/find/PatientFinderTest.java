package io.inpod.examples.nodeagent.find;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.examples.nodeagent.pod.MeshPod;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** A costly search is left out for a pod whose network is about to be made, but not for ever. */
class PatientFinderTest {
    private final List<String> asked = new ArrayList<>();
    private final PatientFinder finder = new PatientFinder(pods -> {
        pods.forEach(pod -> asked.add(pod.uid()));
        return Map.of();
    });

    @Test
    void aPodWithAnAddressIsSearchedForAtOnce() throws Exception {
        MeshPod pod = FindersKernelTest.pod("with", InetAddress.getByName("10.0.0.1"));
        finder.find(List.of(pod, FindersKernelTest.pod("without")));
        assertThat(asked).containsExactly("with");
    }

    @Test
    void aPodWithoutOneIsSearchedForAtTheThirdTry() throws Exception {
        MeshPod pod = FindersKernelTest.pod("without");
        finder.find(List.of(pod));
        finder.find(List.of(pod));
        assertThat(asked).isEmpty();
        finder.find(List.of(pod));
        finder.find(List.of(pod));
        assertThat(asked).containsExactly("without", "without");
    }
}

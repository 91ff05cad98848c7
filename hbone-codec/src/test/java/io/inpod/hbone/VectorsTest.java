package io.inpod.hbone;

import org.junit.jupiter.api.Test;

class VectorsTest {
    @Test
    void theHeaderBlocksOfARealPeer() {
    }
}

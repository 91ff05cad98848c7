package io.inpod.iptables.internal;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class WordsTest {
    @Test
    void aCommentIsNoTarget() {
        assertThat(Words.target("-m comment --comment \"a\\\" -j OURS x\" -j OTHER")).isEqualTo("OTHER");
        assertThat(Words.target("-m comment --comment \"-j OURS\" -g OTHER")).isEqualTo("OTHER");
        assertThat(Words.target("-p tcp")).isEmpty();
    }

    @Test
    void wordsKeepTheirQuotes() {
        assertThat(Words.split("-m  comment --comment \"a b\" -j X")).containsExactly("-m", "comment", "--comment", "\"a b\"", "-j", "X");
    }
}

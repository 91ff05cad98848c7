package io.inpod.examples.ztunnel.source;

import io.inpod.examples.ztunnel.config.ConfigException;

/** Takes the items of the lists at the top of a document as they are read, so that they needn't be kept as parts of a document. */
@FunctionalInterface
interface Entries {
    /**
     * Takes an item.
     *
     * @param list the key of the list
     * @param index the item's number in the list, from 0
     * @param item the item
     * @throws ConfigException if it can't be used
     */
    void entry(String list, int index, Located item) throws ConfigException;
}

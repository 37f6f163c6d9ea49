/** A program that trains on the engines that its arguments name, prints the report, and ends by itself. */
import process from "node:process";
import { trainings } from "./trainings.js";

trainings(process.argv.slice(2)).then((report) => console.log(JSON.stringify(report)));
